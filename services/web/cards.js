// Film cards: a generated poster (styled by genre and decade, see posters.css), reasons, signals, buttons.

import { call } from "./api.js";
import { el, icon } from "./dom.js";

// Poster colours: background hue, light hue, strength. The first of a film's genres in this list applies.
const COLOURS = {
  "Film-Noir": [260, 90, 0.3], Western: [45, 65, 0.95], Horror: [22, 28, 1.2], "Science Fiction": [250, 205, 1], Animation: [300, 85, 1.1],
  Musical: [345, 75, 1.1], War: [115, 80, 0.6], Documentary: [195, 110, 0.6], Fantasy: [295, 190, 1], Romance: [8, 15, 0.95],
  Crime: [262, 40, 0.75], Mystery: [230, 150, 0.8], Family: [140, 95, 1], Comedy: [45, 95, 1.1], Thriller: [205, 60, 0.8],
  Adventure: [160, 85, 1], Action: [32, 65, 1], Music: [335, 55, 1], History: [65, 85, 0.7], Drama: [350, 60, 0.7],
};
const ACTIONS = [["like", "Like"], ["dislike", "Not for me"], ["watch", "Seen it"], ["similar", "Films like this"]];

/** The poster style: one per decade, with "1920" for everything before 1930. */
const era = (year) => String(year ? Math.min(2020, Math.max(1920, Math.floor(year / 10) * 10)) : "none");

/** A number in [0, 1) from an id, so that a film's poster always looks the same. */
function seedOf(text) {
  let hash = 2166136261;
  for (const char of String(text)) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Title size in hundredths of the poster's width: as large as the longest word and the whole title allow. */
function titleSize(title) {
  const longest = Math.max(...title.split(/\s+/).map((word) => word.length), 1);
  return Math.max(6.5, Math.min(19, 118 / longest, 62 / Math.sqrt(title.length)));
}

/** The typographic poster; `heading` is the element of the title. */
export function poster(film, heading = "h3") {
  const genres = film.genres || [];
  const [first, second = first] = Object.keys(COLOURS).filter((name) => genres.includes(name));
  const seed = seedOf(film.item_id);
  const [hue, , strength] = COLOURS[first] || [60, 60, 0.2];
  const light = (COLOURS[second] || [0, 70])[1];
  const art = el("div", { className: "poster", "data-era": era(film.year) },
    el("span", { className: "motif", "aria-hidden": "true" }),
    el("span", { className: "poster-year" }, String(film.year || "")),
    el(heading, { className: "poster-title", dir: "auto" }, film.title),
    el("span", { className: "poster-genres" }, genres.slice(0, 2).join(" · ")));
  const look = { "--h": hue + seed * 36 - 18, "--h2": light, "--c": strength, "--seed": seed, "--flip": (seed * 16) % 2 < 1 ? 1 : -1,
    "--size": titleSize(film.title) };
  for (const [name, value] of Object.entries(look)) art.style.setProperty(name, value.toFixed(2));
  return art;
}

/** A card for one recommendation. `act(action, film)` is called by its buttons. */
export function card(film, { act, widest }) {
  const title = film.title + (film.year ? ` (${film.year})` : "");
  const art = poster(film);
  art.addEventListener("click", () => act("similar", film));
  return el("li", { className: "film", "data-id": film.item_id },
    art,
    el("div", { className: "body" },
      el("p", { className: "caption", "aria-hidden": "true" }, title),
      el("p", { className: "reason" }, (film.reason || []).join(" · ")),
      film.explanation ? el("p", { className: "explanation" }, film.explanation) : null,
      film.signals ? signals(film.signals, widest) : null,
      score(film.score)),
    el("div", { className: "actions", role: "group", "aria-label": title },
      ...ACTIONS.map(([action, words]) => el("button", {
        type: "button", "data-action": action, title: words, "aria-label": `${words}: ${title}`, onclick: () => act(action, film),
      }, icon(action), el("span", {}, words)))));
}

/** The score in [0, 1] as a thin bar with its number. */
export function score(value) {
  const bar = el("span", { className: "bar", "aria-hidden": "true" }, el("span", { className: "fill" }));
  bar.firstChild.style.setProperty("--to", Math.max(0, Math.min(1, value)).toFixed(3));
  return el("p", { className: "score", title: "score, from 0 to 1" },
    el("span", { className: "hidden" }, "Score "), bar, el("span", { className: "number" }, value.toFixed(2)));
}

/** The terms of a score as small bars; negative ones point left. `widest`: the largest term on the page. */
function signals(terms, widest) {
  const rows = Object.entries(terms).filter(([, value]) => Math.abs(value) >= 0.005)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, 6);
  return el("dl", { className: "signals" }, ...rows.map(([name, value]) => {
    const fill = el("span", { className: value < 0 ? "fill lowers" : "fill", "aria-hidden": "true" });
    fill.style.setProperty("--to", (Math.abs(value) / (widest || 1)).toFixed(3));
    return el("div", {}, el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, fill, value.toFixed(2)));
  }));
}

export const widestSignal = (films) =>
  Math.max(0, ...films.flatMap((film) => Object.values(film.signals || {}).map(Math.abs)));

const SAFE_PATH = /^\/[\w-]+\.(?:jpg|png|webp)$/;
const pictures = new Map();

/** Put the TMDB picture over the generated poster, if there is one. */
export async function showPicture(node, itemId) {
  if (!pictures.has(itemId)) {
    pictures.set(itemId, call("GET", `films/${encodeURIComponent(itemId)}`).then(({ data }) => data.poster_path, () => null));
  }
  const path = await pictures.get(itemId);
  const art = node.querySelector(".poster");
  if (!path || !SAFE_PATH.test(path) || !art || art.querySelector("img")) return;
  const image = el("img", { alt: "", decoding: "async", src: `https://image.tmdb.org/t/p/w342${path}` });
  image.addEventListener("load", () => art.append(image));
}
