// Compiled, not run: it uses the types generated from the OpenAPI document.
import type { components, operations, paths } from "./marquee";

type Schemas = components["schemas"];

const request: Schemas["RecommendBody"] = { user_id: "ann", k: 5, filters: { genres: ["Western"] } };
const films: Schemas["FromFilmsBody"] = { tmdb_ids: [949], top_n: 5 };
type Problem = paths["/recommend"]["post"]["responses"][422]["content"]["application/problem+json"];
type Stored = operations["record_feedback"]["responses"][202]["content"]["application/json"];
type Page = operations["recommend"]["responses"][200]["content"]["application/json"];

export function next(page: Page): Schemas["RecommendBody"] | null {
  return page.next_cursor === null ? null : { ...request, cursor: page.next_cursor };
}

export function pointers(problem: Problem): string[] {
  return (problem.errors ?? []).map((fault) => fault.pointer);
}

export function again(stored: Stored): boolean {
  return stored.duplicate || films.top_n === 0;
}

// @ts-expect-error a field that does not exist
export const wrong = (page: Page): unknown => page.no_such_field;
