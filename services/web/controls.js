// Side panel: who is watching, and the filters.

import { $, el, icon, plural, randomId, remember, say } from "./dom.js";

const VISITOR = "marquee.visitor";
const NEXT = { any: "yes", yes: "no", no: "any" };
const SAYS = { any: "any", yes: "included", no: "excluded" };

/** This browser's anonymous id, created on the first visit. */
export function visitor() {
  return remember(localStorage, VISITOR) || remember(localStorage, VISITOR, `web-${randomId()}`);
}

/** Replace the anonymous id by a new one. */
export function newVisitor() {
  remember(localStorage, VISITOR, `web-${randomId()}`);
  return visitor();
}

/** Fill the controls from GET /catalogue. */
export function fillCatalogue(catalogue) {
  const people = catalogue.demo_users.map((id) => el("option", { value: id }, `Demo person ${id}`));
  $("person").replaceChildren(el("option", { value: "" }, "You, a new visitor"), ...people);
  $("genres").replaceChildren(...catalogue.genres.map(({ name }) => chip(name)));
  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
  $("language").replaceChildren(el("option", { value: "" }, "Any"),
    ...catalogue.languages.map(({ code, films }) => el("option", { value: code }, `${languageName(names, code)} (${films.toLocaleString()})`)));
  const { from, to } = catalogue.years;
  for (const [id, value] of [["year-from", from], ["year-to", to]]) {
    if (!value) continue;
    Object.assign($(id), { min: from, max: to, placeholder: String(value) });
  }
  $("strap").textContent = `${plural(catalogue.films, "film")}, and why each one is for you`;
  $("key-form").hidden = !catalogue.auth_required;
}

function languageName(names, code) {
  try { return names.of(code); } catch { return code; }
}

function chip(name) {
  const button = el("button", { type: "button", className: "chip", "data-genre-name": name, "data-state": "any" }, name);
  const set = (state) => {
    button.dataset.state = state;
    button.setAttribute("aria-label", `${name}: ${SAYS[state]}`);
  };
  set("any");
  button.addEventListener("click", () => {
    set(NEXT[button.dataset.state]);
    $("filters").dispatchEvent(new Event("change"));
  });
  button.addEventListener("clear", () => set("any"));
  return button;
}

const chosen = (state) =>
  Array.from($("genres").querySelectorAll(`[data-state="${state}"]`), (node) => node.dataset.genreName);

/** The filters in the API's format; undefined if there are none. */
function filters() {
  const conditions = {};
  const year = (id) => (/^\d{4}$/.test($(id).value) ? Number($(id).value) : undefined);
  if (chosen("yes").length) conditions.genres = chosen("yes");
  if (chosen("no").length) conditions.not_genres = chosen("no");
  if (year("year-from")) conditions.year_from = year("year-from");
  if (year("year-to")) conditions.year_to = year("year-to");
  if (/^[1-9]\d{0,2}$/.test($("runtime-to").value)) conditions.runtime_to = Number($("runtime-to").value);
  if ($("language").value) conditions.languages = [$("language").value];
  return Object.keys(conditions).length ? conditions : undefined;
}

/** The part of the request set by the panel and the search box. Undefined members are not sent. */
export function options() {
  const diversity = Number($("diversity").value);
  return {
    query: $("query").value.trim() || undefined,
    ignore_conditions: ignored.length ? ignored : undefined,
    filters: filters(),
    diversity: diversity === 0.2 ? undefined : diversity,
    explain: $("explain").checked || undefined,
  };
}

let ignored = [];

/** Start a new query with no condition removed. */
export const newQuery = () => { ignored = []; };

/** Show the query's conditions as removable chips; removing one calls `again()`. */
export function showUnderstood({ understood, matched }, again) {
  $("understood").replaceChildren(...(understood?.conditions || []).map(({ id, text, applied }) => {
    const onclick = () => { ignored = [...ignored, id]; again(); };
    const button = el("button", { type: "button", "aria-label": `Remove: ${text}`, onclick }, icon("dislike"));
    return el("li", {}, applied ? text : `${text} (too few films)`, button);
  }));
  say($("matched"), matched === 0 ? "Nothing matches; showing the closest or the most popular films." : "");
}

/** Show the controls' settings as text. */
export function describe() {
  const count = chosen("yes").length + chosen("no").length;
  $("genres-count").textContent = count ? `${count} set` : "";
  $("diversity-value").textContent = `${Math.round($("diversity").value * 100)} %`;
}

/** Wire the filters; `changed()` is called once per change, after a short pause. */
export function watchFilters(changed) {
  let timer = 0;
  const soon = () => {
    describe();
    clearTimeout(timer);
    timer = setTimeout(changed, 180);
  };
  $("filters").addEventListener("change", (event) => event.target.id !== "posters" && soon());
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("diversity").addEventListener("input", describe);
  $("filters").addEventListener("reset", () => setTimeout(() => {
    $("genres").querySelectorAll("button").forEach((node) => node.dispatchEvent(new Event("clear")));
    $("posters").dispatchEvent(new Event("change"));
    soon();
  }));
}
