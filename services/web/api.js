// API client: requests, timings, and problems in plain words.

import { randomId, remember } from "./dom.js";

const KEY = "marquee.key";

/** An error with texts to display. */
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
    throw new Problem("Cannot reach the server", "Is it running? Check the connection and try again.");
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

/** The request as a shell command; the key is replaced by a variable. */
export function asCurl(path, body) {
  const quoted = `'${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
  const key = apiKey.get() ? ' \\\n  -H "X-API-Key: $API_KEY"' : "";
  const url = new URL(path, document.baseURI).href;
  return `curl -X POST ${url} \\\n  -H 'Content-Type: application/json'${key} \\\n  -d ${quoted}`;
}

const WORDS = {
  401: ["This server requires an API key", "Enter a valid key under “API key”. The operator can create one with “marquee keys create”."],
  403: ["This key is not allowed to do that", "The key is valid but lacks the permission. Erasing requires an “admin” key."],
  404: ["Not found", "The server does not know this film or address."],
  413: ["The request is too large", "Shorten the text and try again."],
  422: ["The request is not valid", ""],
  429: ["Too many requests", ""],
  503: ["Temporarily unavailable", "Nothing was changed. Try again shortly."],
};

function problemOf(response, document) {
  const { status } = response;
  const [title, advice] = WORDS[status] || (status >= 500
    ? ["Server error", "Try again; if it persists, look up the request below in the server's log."]
    : [document.title || "The server rejected the request", ""]);
  const wait = Number(response.headers.get("Retry-After"));
  const parts = [advice, wait > 0 ? `Try again in ${wait} s.` : "", document.detail && !document.errors ? `Details: ${document.detail}` : ""];
  if (status >= 500 && document.request_id) parts.push(`Request ${document.request_id}.`);
  const fields = (document.errors || []).map(({ detail }) => detail);
  return new Problem(title, parts.filter(Boolean).join(" "), { status, fields });
}
