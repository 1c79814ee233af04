// Calls the API as a customer does, every five minutes: one person, one list, exactly as many films as requested.
// Runs under the runtime syn-nodejs-5.2 (Node.js 22); it throws to fail.
"use strict";

const { synthetics } = require("@aws/synthetics-core");

const TIMEOUT_MS = Number(process.env.TIMEOUT_MS || 10_000);
const ITEMS = Number(process.env.ITEMS);
const DEEP = process.env.DEEP === "on";

async function apiKey() {
  if (!process.env.KEY_SECRET_ARN) return undefined;
  // Part of the Node.js runtime of Lambda.
  const { SecretsManagerClient, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");
  const command = new GetSecretValueCommand({ SecretId: process.env.KEY_SECRET_ARN });
  return (await new SecretsManagerClient({}).send(command)).SecretString;
}

function requestBody() {
  const body = { user_id: process.env.PERSON, k: ITEMS };
  if (!DEEP) return body;
  // Only a query reaches OpenSearch; a taste alone is answered from the bundle. A diversity not used before bypasses the
  // cache.
  return { ...body, query: "a journey into the unknown", diversity: Number((0.2 + Math.random() * 1e-3).toFixed(9)) };
}

async function recommend() {
  const key = await apiKey();
  const response = await fetch(`${process.env.API_URL}/recommend`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key && { "x-api-key": key }) },
    body: JSON.stringify(requestBody()),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200) throw new Error(`expected status 200, got ${response.status}`);
  const { items, degraded } = await response.json();
  const films = new Set((items ?? []).map((item) => item.item_id));
  if (items?.length !== ITEMS || films.size !== ITEMS) {
    throw new Error(`expected ${ITEMS} different films, got ${items?.length} items, ${films.size} films`);
  }
  if (DEEP && degraded.length) throw new Error(`the answer is degraded: ${degraded.join("; ")}`);
}

exports.handler = async () => synthetics.executeStep("recommend", recommend);
