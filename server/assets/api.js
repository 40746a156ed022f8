// Requests to the server, with their failures in words.

import { encodeKey } from "./words.js";

/** A request that was answered with a failure, or not at all. */
export class Failure extends Error {
  /** `parts` are texts, and elements where others' texts are among them. */
  constructor(parts, status) {
    super(parts.map((part) => part.textContent ?? part).join(""));
    this.parts = parts;
    this.status = status;
  }
}

const ADVICE = {
  507: "Delete a key first.",
};

async function send(method, path, { body, version } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Failure(["The server cannot be reached. Nothing was changed."], 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const text = told(answer.detail) ?? `status ${response.status}`;
    throw new Failure([sentence(text, response.status)], response.status);
  }
  return { ...answer, version: Number((response.headers.get("ETag") ?? "").replaceAll('"', "")) };
}

/** What a failure says; of a request that has another form than it should, each fault. */
const told = (detail) => (Array.isArray(detail) ? detail.map(({ msg }) => msg).join("; ") : detail);

/** The server's own words, with a capital and a full stop. */
function sentence(detail, status) {
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  const whole = /[.!?]$/.test(text) ? text : `${text}.`;
  return ADVICE[status] ? `${whole} ${ADVICE[status]}` : whole;
}

/** Recovers the store from a dead process, where that is safe. */
export const recover = () => send("POST", "/recover");

/** The pair with this key; its version is that of the table. */
export const get = (pair) => send("GET", `/get/${encodeKey(pair)}`);

/** Sets a pair, whatever is there. */
export const set = (pair) => send("POST", "/set", { body: pair });

/** Sets a pair if the table is still at `version`. */
export const setIfAt = (pair, version) =>
  send("PUT", `/keys/${encodeKey(pair)}`, {
    version,
    body: { value: pair.value, value_base64: pair.value_base64 ?? false },
  });

/** Deletes a key. By query, since a path cannot carry every key. */
export const remove = (pair) => send("DELETE", `/keys?key=${encodeKey(pair)}`);
