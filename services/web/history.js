// Import of a history from another service: a file picker, and the result. Loaded on first use.

import { call } from "./api.js";
import { el, plural, say } from "./dom.js";

const MOST_BYTES = 10 * 1024 * 1024;
const FROM = "Letterboxd, IMDb, Trakt, Simkl, Netflix, Jellyfin or Tautulli";

const file = el("input", { type: "file", id: "history-file", accept: ".zip,.csv,.tsv,.json", required: true });
const send = el("button", { type: "submit", className: "primary" }, "Import");
const said = el("p", { id: "imported", role: "status" });
const failed = el("p", { id: "import-failed", role: "alert", hidden: true });
const missed = el("ul", { id: "missed", "aria-label": "Films that were not imported", hidden: true });
const close = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
const form = el("form", { onsubmit: submit },
  el("h2", { id: "bring-title" }, "Import your history"),
  el("label", { htmlFor: "history-file" }, `An export from ${FROM}: the zip or one of its files`),
  file, said, failed, missed, el("p", { className: "hint" }, "It is stored with your data, and erased with it."),
  el("div", { className: "row" }, close, send));
const dialog = el("dialog", { id: "bring-dialog", className: "confirm", "aria-labelledby": "bring-title" }, form);
document.body.append(dialog);

let who = "";
let changed = () => {};

/** Open the dialog for a person; `after()` is called after an import. */
export function bring(person, after) {
  who = person;
  changed = after;
  say(said, "");
  say(failed, "");
  missed.hidden = true;
  dialog.showModal();
}

async function submit(event) {
  event.preventDefault();
  const [chosen] = file.files;
  say(failed, "");
  missed.hidden = true;
  if (chosen.size > MOST_BYTES) return say(failed, "The file is larger than 10 MB. Import the files inside it one by one.");
  send.disabled = true;
  say(said, `Reading ${chosen.name}…`);
  try {
    const path = `users/${encodeURIComponent(who)}/import?filename=${encodeURIComponent(chosen.name)}`;
    const { data } = await call("POST", path, { file: chosen });
    say(said, inWords(data));
    list([...data.doubtful, ...data.unmatched]);
    changed();
  } catch (problem) {
    say(said, "");
    say(failed, [problem.title, problem.text, ...(problem.fields || [])].filter(Boolean).join(". "));
  }
  send.disabled = false;
}

function inWords({ source, films, stored, doubtful_films, unmatched_films }) {
  const unsure = doubtful_films + unmatched_films;
  const again = stored < films ? `, ${stored.toLocaleString()} of them new` : "";
  return `${source}: ${plural(films, "film")} imported${again}.${unsure ? ` ${plural(unsure, "film")} could not be matched:` : ""}`;
}

function list(rows) {
  missed.hidden = !rows.length;
  missed.replaceChildren(...rows.map(({ title, year, candidates }) => {
    const named = candidates.map((film) => (film.year ? `${film.title} (${film.year})` : film.title)).join(", or ");
    return el("li", {}, year ? `${title} (${year})` : title, named ? `: possibly ${named}. If so, add it yourself.` : "");
  }));
}
