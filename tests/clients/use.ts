// Uses the types generated from the OpenAPI document against the server at MARQUEE_URL, with the platform's fetch. Each
// check prints a line; a response other than documented ends the program with an error.
import type { components, operations } from "./marquee";

declare const process: { env: Record<string, string | undefined> };

type Schemas = components["schemas"];
type Parameters<Name extends keyof operations> = operations[Name]["parameters"];
type Content<Response> = Response extends { content: infer Bodies } ? Bodies[keyof Bodies] : undefined;
type Body<Name extends keyof operations> = Content<NonNullable<operations[Name]["requestBody"]>>;
// One member for each documented status, so that a check of `status` selects the type of `body`.
type Answer<Name extends keyof operations> = {
  [Status in keyof operations[Name]["responses"]]: {
    status: Status;
    headers: Headers;
    body: Content<operations[Name]["responses"][Status]>;
  };
}[keyof operations[Name]["responses"]];
type Answered<Name extends keyof operations, Status> = Extract<Answer<Name>, { status: Status }>;

const url = process.env["MARQUEE_URL"];

async function send<Name extends keyof operations>(path: string, init: RequestInit = {}): Promise<Answer<Name>> {
  const response = await fetch(url + path, init);
  const text = await response.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body } as Answer<Name>;
}

function post<Name extends keyof operations>(path: string, body: Body<Name>, headers: Record<string, string> = {}) {
  return send<Name>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

function get<Name extends keyof operations>(path: string, query: NonNullable<Parameters<Name>["query"]>) {
  const pairs = Object.entries(query).map(([name, value]) => [name, String(value)]);
  return send<Name>(`${path}?${new URLSearchParams(pairs)}`);
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

function expect<Name extends keyof operations, Status extends keyof operations[Name]["responses"]>(
  answer: Answer<Name>,
  status: Status,
): Answered<Name, Status> {
  check(answer.status === status, `${String(status)} expected, got ${JSON.stringify(answer)}`);
  return answer as Answered<Name, Status>;
}

async function recommended(k: number): Promise<Schemas["RecommendedFilm"]> {
  const page = expect<"recommend", 200>(await post<"recommend">("/recommend", { k, explain: true }), 200).body;
  check(page.items.length === k, `${k} films expected, got ${page.items.length}`);
  for (const film of page.items) {
    check(typeof film.title === "string" && film.title !== "", "a film has a title");
    check(film.score >= 0 && film.score <= 1, `a score is from 0 to 1, got ${film.score}`);
    check(Array.isArray(film.reason) && typeof film.explanation === "string", "a film has reasons and a sentence");
  }
  return page.items[0]!;
}

async function similarFilms(): Promise<void> {
  const film = await recommended(1);
  const answer = expect<"similar", 200>(await get<"similar">("/similar", { item_id: film.item_id, k: 2 }), 200);
  check(answer.body.item_id === film.item_id && answer.body.title === film.title, "the answer names the film");
  check(answer.body.items.length === 2, `2 films expected, got ${answer.body.items.length}`);
  check(answer.body.items.every((each) => each.item_id !== film.item_id), "a film is not similar to itself");
}

async function replayedFeedback(): Promise<void> {
  const event: Schemas["FeedbackBody"] = { user_id: "typed", item_id: (await recommended(1)).item_id, event: "like" };
  const key: Required<Parameters<"record_feedback">>["header"] = { "Idempotency-Key": `typed-${Date.now()}` };
  const first = expect<"record_feedback", 202>(await post<"record_feedback">("/feedback", event, { ...key }), 202);
  const again = expect<"record_feedback", 202>(await post<"record_feedback">("/feedback", event, { ...key }), 202);
  const replayed: keyof operations["record_feedback"]["responses"][202]["headers"] = "Idempotency-Replayed";
  check(first.body.event_id !== "" && first.body.event_id === again.body.event_id, "the event is stored once");
  check(first.headers.get(replayed) === null, "the first request is no replay");
  check(again.headers.get(replayed) === "true", `a replay says so, got ${again.headers.get(replayed)}`);
}

async function typedError(): Promise<void> {
  const problem = expect<"recommend", 422>(await post<"recommend">("/recommend", { k: 101 }), 422).body;
  const pointers = (problem.errors ?? []).map((fault) => `${fault.location} ${fault.pointer}`);
  check(problem.type === "/problems/invalid-request" && problem.status === 422, `got ${JSON.stringify(problem)}`);
  check(problem.detail === "k must be between 1 and 100; got 101", `got ${problem.detail}`);
  check(problem.instance === "/recommend" && typeof problem.request_id === "string", "a problem names its request");
  check(pointers.join() === "body /k", `got ${pointers}`);
}

async function pagesToTheEnd(): Promise<void> {
  const request: Schemas["RecommendBody"] = { k: 5, filters: { genres: ["Western"] } };
  const catalogue = expect<"get_catalogue", 200>(await send<"get_catalogue">("/catalogue"), 200).body;
  const westerns = catalogue.genres.find((genre) => genre.name === "Western")?.films ?? 0;
  const films = new Set<string>();
  let cursor: string | null = null;
  let pages = 0;
  let shown = 0;
  do {
    const body: Schemas["RecommendBody"] = cursor === null ? request : { ...request, cursor };
    const answer: Answered<"recommend", 200> = expect(await post<"recommend">("/recommend", body), 200);
    const page = answer.body;
    page.items.forEach((film) => films.add(film.item_id));
    shown += page.items.length;
    pages += 1;
    cursor = page.next_cursor;
  } while (cursor !== null && pages <= westerns);
  check(pages > 1, `several pages expected, got ${pages}`);
  check(cursor === null && shown === westerns && films.size === westerns, `${westerns} films expected, got ${shown}`);
}

// @ts-expect-error a field that does not exist
export const wrong = (page: Schemas["RecommendAnswer"]): unknown => page.no_such_field;

// @ts-expect-error a field of another type
export const mistyped: Schemas["RecommendBody"] = { k: "5" };

const checks: Record<string, () => Promise<unknown>> = {
  recommend: () => recommended(3),
  similar: similarFilms,
  "feedback and its replay": replayedFeedback,
  "a typed error": typedError,
  "pages to the end": pagesToTheEnd,
};
for (const [name, run] of Object.entries(checks)) {
  await run();
  console.log(name);
}
