// How the list moved: cards glide to their new places, and say by how much.

import { el } from "./dom.js";

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Where each card of a list is now, by film. */
export function places(list) {
  return new Map(Array.from(list.children, (node) => [node.dataset.id, node.getBoundingClientRect()]));
}

/** Glide from the old places to the present ones; new cards fade in. */
export function glide(list, before) {
  if (calm() || !list.animate) return;
  for (const node of list.children) {
    const from = before.get(node.dataset.id);
    const to = node.getBoundingClientRect();
    if (!from) {
      node.animate([{ opacity: 0, transform: "scale(.96)" }, { opacity: 1, transform: "none" }], { duration: 420, easing: "ease-out" });
    } else if (from.left !== to.left || from.top !== to.top) {
      const start = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
      node.animate([{ transform: start }, { transform: "none" }], { duration: 520, easing: "cubic-bezier(.22,.8,.3,1)" });
    }
  }
}

/** Compare two orders of ids: films that are new, rose and fell (a gap closed by one that left is no rise). */
export function moves(before, after) {
  const stayed = before.filter((id) => after.includes(id));
  const old = new Map(stayed.map((id, place) => [id, place]));
  const result = new Map();
  let place = 0;
  for (const id of after) {
    if (!old.has(id)) result.set(id, "new");
    else {
      const rise = old.get(id) - place;
      place += 1;
      if (rise) result.set(id, rise);
    }
  }
  return result;
}

/** Badges on the cards that moved; they leave by themselves. */
export function badges(list, changed) {
  for (const node of list.children) {
    const move = changed.get(node.dataset.id);
    if (move === undefined) continue;
    const text = move === "new" ? "new" : `${move > 0 ? "↑" : "↓"} ${Math.abs(move)}`;
    const kind = move === "new" ? "new" : move > 0 ? "up" : "down";
    const badge = el("span", { className: `badge ${kind}`, "aria-hidden": "true" }, text);
    node.append(badge);
    setTimeout(() => badge.remove(), 6000);
  }
}

/** The same in one sentence, for those who listen. */
export function inWords(changed) {
  const all = [...changed.values()];
  const fresh = all.filter((move) => move === "new").length;
  const moved = all.length - fresh;
  if (!all.length) return "The list stays as it was.";
  return [fresh ? `${fresh} new` : "", moved ? `${moved} moved` : ""].filter(Boolean).join(", ") + ".";
}
