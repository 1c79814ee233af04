// The page: one list of films, updated with the visitor's feedback.

import { apiKey, call, Problem } from "./api.js";
import { card, showPicture, widestSignal } from "./cards.js";
import { describe, fillCatalogue, newQuery, newVisitor, options, showUnderstood, visitor, watchFilters } from "./controls.js";
import { $, say } from "./dom.js";
import { badges, glide, inWords, moves, places } from "./motion.js";
import { openSheet } from "./sheet.js";
import { suggest } from "./suggest.js";
import { forget, note, said, showTaste } from "./taste.js";
import { copyCurl, showFacts, showWire } from "./wire.js";

const PAGE = 20;
const MOST = 100;
const DONE = { like: "Liked", dislike: "Not for you", watch: "Seen", clear: "Removed" };
const TITLES = { popular: "To start with", personal: "For you, now", seeds: "For you, now" };

const now = { films: [], cursor: null, body: null, answerId: null, flight: null, retry: null, undo: null, toastTimer: 0 };

const userId = () => $("person").value || visitor();

/** Reload the list. `k`: number of films; `moved`: show how they moved. */
async function load({ k = PAGE, moved = false } = {}) {
  const body = { user_id: userId(), k, ...options() };
  await fetchPage(body, ({ data }) => {
    const before = now.films.map((film) => film.item_id);
    now.body = body;
    now.films = data.items;
    const from = places($("films"));
    render();
    if (!moved) return;
    const changed = moves(before, now.films.map((film) => film.item_id));
    glide($("films"), from);
    badges($("films"), changed);
    $("announce").textContent = inWords(changed);
  });
}

/** Load the next page: the same request with the cursor. */
async function more() {
  const first = now.films.length;
  await fetchPage({ ...now.body, cursor: now.cursor }, ({ data }) => {
    now.films = [...now.films, ...data.items];
    $("films").append(...data.items.map(makeCard));
    pictures();
    $("films").children[first]?.querySelector("button")?.focus();
  });
}

async function fetchPage(body, use) {
  now.flight?.abort();
  const flight = (now.flight = new AbortController());
  $("results").setAttribute("aria-busy", "true");
  try {
    const answer = await call("POST", "recommend", { body, signal: flight.signal });
    now.cursor = answer.data.next_cursor;
    now.answerId = answer.data.recommendation_id;
    $("problem").hidden = true;
    use(answer);
    entitle(answer.data, body);
    showUnderstood(answer.data, () => load());
    showFacts(answer);
    showWire(answer, body);
    $("more").hidden = !now.cursor;
  } catch (problem) {
    if (problem.name === "AbortError") return;
    fail(problem, () => (body.cursor ? more() : load({ k: body.k })));
  }
  if (now.flight === flight) $("results").removeAttribute("aria-busy");
}

function render() {
  $("films").replaceChildren(...now.films.map(makeCard));
  $("films").classList.toggle("explained", $("explain").checked);
  $("empty").hidden = now.films.length > 0;
  pictures();
}

const makeCard = (film) => card(film, { act, widest: widestSignal(now.films) });

function entitle(data, body) {
  const demo = $("person").value ? `For ${$("person").selectedOptions[0].textContent}` : "";
  $("list-title").textContent = body.query ? `“${body.query}”` : demo || TITLES[data.strategy] || "Films";
}

function pictures() {
  if (!$("posters").checked) return;
  for (const node of $("films").children) showPicture(node, node.dataset.id);
}

/** A button on a card. */
function act(action, film) {
  if (action === "similar") openSheet(film, tell);
  else tell(action, film);
}

/** Send an event, then reload the list and show the changes. */
async function tell(event, film) {
  const who = userId();
  const position = now.films.findIndex(({ item_id }) => item_id === film.item_id);
  const stood = said(who).find(({ item_id }) => item_id === film.item_id);
  const focused = document.activeElement?.closest?.(".film") ? position : -1;
  try {
    const body = { user_id: who, item_id: film.item_id, event };
    if (position >= 0 && now.answerId) body.recommendation_id = now.answerId;
    await call("POST", "feedback", { body, once: true });
  } catch (problem) {
    return fail(problem, () => tell(event, film));
  }
  note(who, film, event);
  showTaste(who, takeBack);
  toast(`${DONE[event]}: ${film.title}`, event === "clear" ? null : () => tell(stood?.event ?? "clear", film));
  await load({ k: Math.min(MOST, Math.max(PAGE, now.films.length)), moved: true });
  if (focused >= 0) $("films").children[Math.min(focused, now.films.length - 1)]?.querySelector(`[data-action="${event}"]`)?.focus();
}

const takeBack = (film) => tell("clear", film);

function toast(text, undo) {
  clearTimeout(now.toastTimer);
  now.undo = undo;
  $("toast-text").textContent = text;
  $("undo").hidden = !undo;
  $("toast").hidden = false;
  now.toastTimer = setTimeout(() => { $("toast").hidden = true; }, 9000);
}

function fail(problem, retry) {
  const report = problem instanceof Problem ? problem : new Problem("Something went wrong on this page", String(problem));
  $("problem-title").textContent = report.title;
  say($("problem-text"), report.text);
  $("problem-fields").replaceChildren(...report.fields.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  now.retry = retry;
  $("problem").hidden = false;
  if (!now.films.length) $("list-title").textContent = "No list yet";
  if (report.status === 401) { $("key-form").hidden = false; $("api-key").focus(); }
  $("problem").scrollIntoView({ block: "nearest" });
}

function changePerson() {
  const demo = Boolean($("person").value);
  say($("person-hint"), demo ? "A demo person with a history. Your feedback is stored for them." : "");
  $("own-data").hidden = demo;
  showTaste(userId(), takeBack);
  load();
}

async function erase() {
  if ($("erase-dialog").returnValue !== "erase") return;
  const who = visitor();
  try {
    await call("DELETE", `users/${encodeURIComponent(who)}`);
  } catch (problem) {
    // Nothing is stored under this id, so there is nothing to erase.
    if (problem.status !== 404) return fail(problem, erase);
  }
  forget(who);
  newVisitor();
  toast("Erased. You are a new visitor.", null);
  changePerson();
}

async function start() {
  try {
    fillCatalogue((await call("GET", "catalogue")).data);
  } catch (problem) {
    fail(problem, start);
    if (problem.status !== 401) return;
  }
  describe();
  changePerson();
}

function wire() {
  $("person").addEventListener("change", changePerson);
  $("ask").addEventListener("submit", (event) => { event.preventDefault(); newQuery(); load(); });
  $("query").addEventListener("search", () => $("query").value || load());
  $("more").addEventListener("click", more);
  $("retry").addEventListener("click", () => { $("problem").hidden = true; now.retry?.(); });
  $("undo").addEventListener("click", () => { $("toast").hidden = true; now.undo?.(); });
  $("copy").addEventListener("click", copyCurl);
  $("posters").addEventListener("change", () => ($("posters").checked ? pictures() : render()));
  $("bring").addEventListener("click", async () => (await import("./history.js")).bring(userId(), () => load({ moved: true })));
  $("erase").addEventListener("click", () => { $("erase-dialog").returnValue = ""; $("erase-dialog").showModal(); });
  $("erase-dialog").addEventListener("close", erase);
  $("key-form").addEventListener("submit", (event) => { event.preventDefault(); apiKey.set($("api-key").value.trim()); start(); });
  $("panel-toggle").addEventListener("click", () => {
    const open = $("panel").classList.toggle("open");
    $("panel-toggle").setAttribute("aria-expanded", String(open));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, select, textarea, dialog")) return;
    event.preventDefault();
    $("query").focus();
  });
  watchFilters(() => load());
  suggest($("add"), $("add-list"), (film) => tell("like", film), (problem) => fail(problem, () => $("add").focus()));
}

wire();
start();
