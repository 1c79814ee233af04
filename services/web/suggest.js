// Type-ahead: an ARIA combobox over GET /films?q=.

import { call } from "./api.js";
import { el } from "./dom.js";

const PAUSE_MS = 140;

/** Wire `input` and `list`; `chosen(film)` is called once a film is picked. */
export function suggest(input, list, chosen, failed) {
  let films = [];
  let active = -1;
  let timer = 0;
  let flight = new AbortController();

  const close = () => {
    films = [];
    active = -1;
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const pick = (film) => {
    input.value = "";
    close();
    chosen(film);
  };

  const mark = (place) => {
    active = (place + films.length) % films.length;
    Array.from(list.children).forEach((node, index) => node.setAttribute("aria-selected", String(index === active)));
    list.children[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[active].id);
  };

  const show = () => {
    list.replaceChildren(...(films.length ? films.map((film, index) =>
      el("li", { id: `add-${index}`, role: "option", "aria-selected": "false", onpointerdown: (event) => {
        event.preventDefault();
        pick(film);
      } }, el("span", {}, film.title), el("span", { className: "when" }, film.year ? String(film.year) : "")))
      : [el("li", { role: "option", "aria-disabled": "true", className: "none" }, "No matching film")]));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };

  const look = async () => {
    const text = input.value.trim();
    flight.abort();
    flight = new AbortController();
    if (!text) return close();
    try {
      const { data } = await call("GET", `films?limit=8&q=${encodeURIComponent(text)}`, { signal: flight.signal });
      films = data.items || [];
      active = -1;
      show();
    } catch (problem) {
      if (problem.name !== "AbortError") { close(); failed(problem); }
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (!films.length) return;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? films.length - 1 : active - 1);
    else if (event.key === "Enter") pick(films[Math.max(active, 0)]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
}
