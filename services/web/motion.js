// List changes: cards glide to their new places, with badges for how far they moved.

import { el } from "./dom.js";

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Where each card of a list is now, by film. */
export function places(list) {
  return new Map(Array.from(list.children, (node) => [node.dataset.id, node.getBoundingClientRect()]));
}

/** Animate cards from their old places to the current ones; new cards fade in. */
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

/** Compare two orders of ids: films that are new, rose or fell (closing the gap of a removed film is not a rise). */
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

/** Show badges on the cards that moved, for a while. */
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

/** The changes in one sentence, for screen readers. */
export function inWords(changed) {
  const all = [...changed.values()];
  const fresh = all.filter((move) => move === "new").length;
  const moved = all.length - fresh;
  if (!all.length) return "The list is unchanged.";
  return [fresh ? `${fresh} new` : "", moved ? `${moved} moved` : ""].filter(Boolean).join(", ") + ".";
}
