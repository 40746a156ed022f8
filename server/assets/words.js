// Small things about text, bytes and time.

export const CAPACITY = 10;
export const KEY_LIMIT = 63;
export const VALUE_LIMIT = 255;

const encoder = new TextEncoder();

/** The bytes that a text has as UTF-8. */
export const byteLength = (text) => encoder.encode(text).length;

/** The bytes that base64 stands for. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** A key as a part of a URL; keys that are no text go byte by byte. */
export function encodeKey({ key, key_base64: isBytes }) {
  const bytes = isBytes ? fromBase64(key) : encoder.encode(key);
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** "1 change", "2 changes". */
export const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

/** A timestamp in seconds, as a person says it. */
export function ago(timestamp, now = Date.now()) {
  const seconds = Math.round(now / 1000 - timestamp);
  if (Number.isNaN(seconds) || Math.abs(seconds) > 1e11) return `${timestamp} s`;
  if (seconds < 0) return clock(timestamp);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return clock(timestamp);
}

/** A timestamp in seconds, on this reader's clock; the date where it is not today. */
export function clock(timestamp) {
  const date = new Date(timestamp * 1000);
  if (Number.isNaN(date.getTime())) return `${timestamp} s`;
  const time = date.toLocaleTimeString();
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}

/** A new element with attributes and children. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Text of others within a sentence: whichever way it runs, it moves nothing else. */
export const isolated = (text) => element("bdi", {}, text);

/** A text of others, in quotes. */
export const quoted = (text) => ["“", isolated(text), "”"];

/** Shows how many bytes are in a field; says why it cannot be sent, or "". */
export function countBytes(field, { what, empty = true }) {
  const input = field.querySelector("input, textarea");
  const limit = Number(field.dataset.limit);
  const length = byteLength(input.value);
  const over = length > limit;
  field.classList.toggle("over", over);
  field.querySelector(".counter").textContent = `${length} / ${limit} bytes`;
  field.querySelector("progress").value = Math.min(length, limit);
  input.setAttribute("aria-invalid", String(over));
  if (over) return `The ${what} is ${count(length - limit, "byte")} too long.`;
  if (input.value.includes("\0")) return `The ${what} has a NUL in it.`;
  return length === 0 && !empty ? `A ${what} is needed: 1 to ${limit} bytes.` : "";
}
