// Film details: its facts and similar films.

import { call, Problem } from "./api.js";
import { poster, score } from "./cards.js";
import { $, el, say } from "./dom.js";

let flight = new AbortController();

/** Open the panel; films in it open their own. `tell(event, film)` is called by its buttons, after it closes. */
export async function openSheet(film, tell) {
  flight.abort();
  flight = new AbortController();
  const { signal } = flight;
  blank(film);
  $("sheet-actions").onclick = ({ target }) => {
    const { action } = target.closest("button")?.dataset ?? {};
    if (!action) return;
    $("sheet").close();
    tell(action, film);
  };
  if (!$("sheet").open) $("sheet").showModal();
  $("sheet").scrollTop = 0;
  const id = encodeURIComponent(film.item_id);
  try {
    const [facts, similar] = await Promise.all([
      call("GET", `films/${id}`, { signal }),
      call("GET", `similar?item_id=${id}&k=12`, { signal }),
    ]);
    fill(facts.data);
    $("similar").replaceChildren(...similar.data.items.map((other) => row(other, tell)));
  } catch (problem) {
    if (problem.name === "AbortError") return;
    say($("sheet-problem"), problem instanceof Problem ? `${problem.title}. ${problem.text}` : String(problem));
  }
}

function blank(film) {
  $("sheet-title").textContent = film.title;
  $("sheet-poster").replaceChildren(poster(film, "span"));
  for (const id of ["sheet-meta", "sheet-people", "sheet-overview", "sheet-problem"]) say($(id), "");
  for (const id of ["sheet-keywords", "similar"]) $(id).replaceChildren();
}

function fill(film) {
  const minutes = film.runtime ? `${film.runtime} min` : "";
  say($("sheet-meta"), [film.year, (film.genres || []).join(", "), minutes].filter(Boolean).join(" · "));
  const directors = (film.directors || []).join(", ");
  const cast = (film.cast || []).slice(0, 4).join(", ");
  say($("sheet-people"), [directors ? `Directed by ${directors}` : "", cast ? `With ${cast}` : ""].filter(Boolean).join(". "));
  say($("sheet-overview"), film.overview);
  $("sheet-keywords").replaceChildren(...(film.keywords || []).slice(0, 8).map((word) => el("li", {}, word)));
}

function row(film, tell) {
  const art = poster(film, "span");
  art.setAttribute("aria-hidden", "true");
  return el("li", {}, art, el("div", {},
    el("button", { type: "button", className: "link", onclick: () => openSheet(film, tell) },
      film.title + (film.year ? ` (${film.year})` : "")),
    el("p", { className: "reason" }, film.reason.join(" · ")),
    score(film.score)));
}
