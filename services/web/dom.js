// Building blocks. All text goes through textContent: nothing from the server is ever parsed as HTML.

export const $ = (id) => document.getElementById(id);

/** An element with properties ("class", "data-…" and "aria-…" as attributes) and children (nodes or text). */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.includes("-")) node[name] = value;
    else node.setAttribute(name === "className" ? "class" : name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An icon of the sprite in index.html. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** 96 random bits as hex: a visitor's id, an idempotency key. (randomUUID needs https.) */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Set an element's text and hide it when there is none. */
export function say(node, text) {
  node.textContent = text || "";
  node.hidden = !text;
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;

/** Read or write storage, which may be disabled in the browser. */
export function remember(store, name, value) {
  try {
    if (value === undefined) return JSON.parse(store.getItem(name) || "null");
    if (value === null) store.removeItem(name);
    else store.setItem(name, JSON.stringify(value));
  } catch { /* private mode or full: the page works without */ }
  return value ?? null;
}
