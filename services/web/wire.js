// Developer view of a response: how it was made, where the time went, and the request as curl.

import { asCurl } from "./api.js";
import { $, el } from "./dom.js";

const MEANS = {
  query: "ranked by the query, then by taste",
  personal: "based on this person's history",
  seeds: "based on the films in the request",
  popular: "no history yet: popular films of every genre and decade",
};

const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** Show the facts next to the heading. */
export function showFacts({ data, timing }) {
  const server = timing.stages.find(({ name }) => name === "total")?.ms
    ?? timing.stages.reduce((sum, stage) => sum + stage.ms, 0);
  const time = timing.stages.length ? `${ms(server)} on the server` : `${ms(timing.wall)} round trip`;
  const facts = [
    [data.strategy, MEANS[data.strategy] || "", "strategy"],
    data.cached ? ["from cache", "a cached response, still valid", "cached"] : ["fresh", "computed for this request", "fresh"],
    [time, `${ms(timing.wall)} with the network`, "time"],
  ];
  if (data.degraded.length) facts.push([`degraded: ${data.degraded.join(", ")}`, "the best response without an unavailable part", "degraded"]);
  if (data.ignored_ids.length) facts.push([`${data.ignored_ids.length} ids unknown`, data.ignored_ids.join(", "), "ignored"]);
  $("facts").replaceChildren(...facts.map(([text, title, kind]) => el("li", { title, "data-kind": kind }, text)));
}

/** Show the request and the response as sent. */
export function showWire({ data, timing }, body) {
  $("curl").textContent = asCurl("recommend", body);
  $("answer").textContent = JSON.stringify(data, null, 2);
  const stages = timing.stages.filter(({ name }) => name !== "total");
  const longest = Math.max(...stages.map((stage) => stage.ms), 0.001);
  $("timing").replaceChildren(...stages.map((stage) => {
    const bar = el("span", { className: "fill", "aria-hidden": "true" });
    bar.style.setProperty("--to", (stage.ms / longest).toFixed(3));
    return el("p", {}, el("span", { className: "stage" }, stage.name), bar, el("span", { className: "number" }, ms(stage.ms)));
  }));
  const versions = [data.model_version && `model ${data.model_version}`, data.index_version && `index ${data.index_version}`];
  $("version").textContent = versions.filter(Boolean).join(" · ");
}

/** Copy the command; without a clipboard (plain http) select it instead. */
export async function copyCurl() {
  try {
    await navigator.clipboard.writeText($("curl").textContent);
    $("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("curl"));
    $("copy").textContent = "Selected";
  }
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1800);
}
