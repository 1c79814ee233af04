// Feedback given in this browser, by person, so that it can be reviewed and removed.

import { $, el, icon, remember } from "./dom.js";

const name = (userId) => `marquee.taste.${userId}`;
const WORDS = { like: "Liked", dislike: "Not for me", watch: "Seen" };

export const said = (userId) => remember(localStorage, name(userId)) || [];

/** Note an event; "clear" removes the film. */
export function note(userId, film, event) {
  const others = said(userId).filter((entry) => entry.item_id !== film.item_id);
  const entry = { item_id: film.item_id, title: film.title, event };
  remember(localStorage, name(userId), event === "clear" ? others : [entry, ...others].slice(0, 60));
}

export const forget = (userId) => remember(localStorage, name(userId), null);

/** Show the list; `takeBack(film)` is called by its buttons. */
export function showTaste(userId, takeBack) {
  const entries = said(userId);
  $("taste").replaceChildren(...entries.map((film) => el("li", { "data-event": film.event },
    icon(film.event), el("span", { className: "hidden" }, `${WORDS[film.event]}: `), el("span", {}, film.title),
    el("button", { type: "button", "aria-label": `Remove: ${film.title}`, title: "Remove", onclick: () => takeBack(film) }, icon("dislike")))));
  $("taste").hidden = !entries.length;
  $("taste-empty").hidden = entries.length > 0;
}
