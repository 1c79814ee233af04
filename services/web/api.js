// The way to the server: requests, timings, and its problems in plain words.

import { randomId, remember } from "./dom.js";

const KEY = "marquee.key";

/** What went wrong, ready to be shown. */
export class Problem extends Error {
  constructor(title, text, { status = 0, fields = [] } = {}) {
    super(title);
    Object.assign(this, { title, text, status, fields });
  }
}

export const apiKey = {
  get: () => remember(sessionStorage, KEY) || "",
  set: (key) => remember(sessionStorage, KEY, key || null),
};

/** Call the API. Resolves to {data, timing, status}; rejects with a Problem (or AbortError). */
export async function call(method, path, { body, file, signal, once } = {}) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (once) headers["Idempotency-Key"] = randomId();
  if (apiKey.get()) headers["X-API-Key"] = apiKey.get();
  const started = performance.now();
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: file || (body && JSON.stringify(body)) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The server can’t be reached", "Is it running? Check the connection and try again.");
  }
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw problemOf(response, data);
  const timing = { stages: serverTiming(response.headers.get("Server-Timing")), wall: performance.now() - started };
  return { data, timing, status: response.status };
}

/** "state;dur=0.6, rank;dur=1.2" as [{name, ms}]. */
export function serverTiming(header) {
  return (header || "")
    .split(",")
    .map((part) => {
      const [name, ...params] = part.split(";").map((text) => text.trim());
      const dur = params.find((param) => param.startsWith("dur="));
      return { name, ms: dur ? Number(dur.slice(4)) : NaN };
    })
    .filter((stage) => stage.name && Number.isFinite(stage.ms));
}

/** The exact request as a shell command; a key is named, never shown. */
export function asCurl(path, body) {
  const quoted = `'${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
  const key = apiKey.get() ? ' \\\n  -H "X-API-Key: $API_KEY"' : "";
  const url = new URL(path, document.baseURI).href;
  return `curl -X POST ${url} \\\n  -H 'Content-Type: application/json'${key} \\\n  -d ${quoted}`;
}

const WORDS = {
  401: ["This server wants an API key", "Enter a valid key under “API key”. The operator makes one with “marquee keys create”."],
  403: ["This key may not do that", "The key works, but lacks the right for this. Erasing needs an “admin” key."],
  404: ["Not found", "The server does not know this film or address."],
  413: ["That is too long", "Shorten the text and try again."],
  422: ["The server could not use this request", ""],
  429: ["Too many requests", ""],
  503: ["Busy for a moment", "Nothing was lost or half done. Try again shortly."],
};

function problemOf(response, document) {
  const { status } = response;
  const [title, advice] = WORDS[status] || (status >= 500
    ? ["Something broke on the server", "It is not your doing. Try again; if it stays, its log has the request below."]
    : [document.title || "The server refused", ""]);
  const wait = Number(response.headers.get("Retry-After"));
  const parts = [advice, wait > 0 ? `Try again in ${wait} s.` : "", document.detail && !document.errors ? `It says: ${document.detail}` : ""];
  if (status >= 500 && document.request_id) parts.push(`Request ${document.request_id}.`);
  const fields = (document.errors || []).map(({ detail }) => detail);
  return new Problem(title, parts.filter(Boolean).join(" "), { status, fields });
}
