// The segment's bytes: a row of cells for each slot and one for the rest, and one
// of the rows in full.
//
// A byte belongs to a field; behind the NUL of a text it is what an older, longer
// text has left.

import { COUNT, SEMAPHORE, SIZE, SLOT, VERSION } from "./state.js";
import { byId, CAPACITY, clock, element } from "./words.js";

const FRESH_MS = 2000;
const FOLDED_ROWS = 3;
const decoder = new TextDecoder();

/** The fields of part `part`: name, offset, length, kind. */
function fieldsOf(part) {
  if (part === CAPACITY) {
    return [["sem", SEMAPHORE, 32, "lock"], ["version", VERSION, 4, "count"], ["entry_count", COUNT, 4, "count"]];
  }
  const start = part * SLOT.size;
  return [
    ["key", start, SLOT.key, "key"],
    ["value", start + SLOT.key, SLOT.value, "value"],
    ["timestamp", start + SLOT.key + SLOT.value, 8, "time"],
  ];
}

const KINDS = (() => {
  const kinds = new Array(SIZE);
  for (let part = 0; part <= CAPACITY; part += 1) {
    for (const [, start, length, kind] of fieldsOf(part)) kinds.fill(kind, start, start + length);
  }
  return kinds;
})();

const partOf = (offset) => Math.min(Math.floor(offset / SLOT.size), CAPACITY);
const boundsOf = (part) => [part * SLOT.size, part === CAPACITY ? SIZE : (part + 1) * SLOT.size];

export class Bytes {
  #fresh = new Float64Array(SIZE).fill(-Infinity);
  #selected = 0;
  #colours = {};
  #timer = null;

  constructor(state) {
    this.state = state;
    this.rows = [...byId("map").children];
    byId("map").addEventListener("click", (event) => {
      const row = event.target.closest(".part");
      if (row) this.#select(Number(row.dataset.part));
    });
    byId("map").addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.showAll()).observe(byId("map"));
    document.addEventListener("themechange", () => this.#readColours());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#readColours());
    this.#readColours();
  }

  /** Shows what has changed; marks it unless it is all there is. */
  show(offsets, { mark }) {
    if (offsets.length === 0) return;
    const now = performance.now();
    if (mark) for (const offset of offsets) this.#fresh[offset] = now;
    for (const part of new Set(offsets.map(partOf))) this.#showPart(part);
    clearTimeout(this.#timer);
    if (mark) this.#timer = setTimeout(() => this.showAll(), FRESH_MS + 50);
  }

  showAll() {
    for (let part = 0; part <= CAPACITY; part += 1) this.#showPart(part);
  }

  #showPart(part) {
    if (part < CAPACITY) {
      const key = this.state.slots[part]?.key;
      this.rows[part].querySelector(".part-label").replaceChildren(String(part), element("b", { dir: "auto" }, key ?? ""));
    }
    const classes = this.#classes(part);
    this.#paint(part, classes);
    if (part === this.#selected) this.#dump(part, classes);
  }

  /** What each byte of a part is: its field, "zero", "rest", and whether it is new. */
  #classes(part) {
    const [start, end] = boundsOf(part);
    const now = performance.now();
    const classes = [];
    let ended = false;
    for (let at = start; at < end; at += 1) {
      const kind = KINDS[at];
      if (at > start && kind !== KINDS[at - 1]) ended = false;
      const isText = kind === "key" || kind === "value";
      const byte = this.state.bytes[at];
      const isRest = isText && ended;
      if (byte === 0) ended = true;
      const name = isRest && byte !== 0 ? "rest" : byte === 0 ? "zero" : kind;
      classes.push({ name, isFresh: now - this.#fresh[at] < FRESH_MS });
    }
    return classes;
  }

  #readColours() {
    const probe = element("i");
    document.body.append(probe);
    const read = (variable) => {
      probe.style.color = `var(${variable})`;
      return getComputedStyle(probe).color;
    };
    this.#colours = {
      key: read("--key"), value: read("--value"), time: read("--time"), lock: read("--bad"),
      count: read("--ink"), rest: read("--line-strong"), zero: read("--line"), fresh: read("--fresh"),
    };
    probe.remove();
    this.showAll();
  }

  #paint(part, classes) {
    const canvas = this.rows[part].querySelector("canvas");
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    const cell = canvas.width / SLOT.size;
    classes.forEach(({ name, isFresh }, index) => {
      const left = Math.floor(index * cell);
      const right = Math.floor((index + 1) * cell);
      const isLow = name === "zero" && !isFresh;
      context.fillStyle = isFresh ? this.#colours.fresh : this.#colours[name];
      const top = isLow ? canvas.height * 0.38 : 0;
      context.fillRect(left, top, Math.max(right - left - (cell > 3 ? 1 : 0), 1), canvas.height - 2 * top);
    });
  }

  #select(part) {
    this.#selected = part;
    this.rows.forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === part));
      row.tabIndex = index === part ? 0 : -1;
    });
    this.#showPart(part);
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const end = { Home: 0, End: CAPACITY }[event.key];
    if (step === undefined && end === undefined) return;
    event.preventDefault();
    this.#select(end ?? (this.#selected + step + CAPACITY + 1) % (CAPACITY + 1));
    this.rows[this.#selected].focus();
  }

  #dump(part, classes) {
    const rows = fieldsOf(part).map((field) => this.#describe(field));
    byId("fields").replaceChildren(...rows);
    const perRow = byId("dump").clientWidth < 590 ? 8 : 16;
    const [start, end] = boundsOf(part);
    const text = document.createDocumentFragment();
    for (let at = start; at < end; at += perRow) {
      const rows = zeroRows(classes, at - start, perRow);
      if (rows >= FOLDED_ROWS) {
        const last = at + rows * perRow - 1;
        text.append(element("span", { class: "at" }, `${hex4(at)}  ${rows * perRow} zeros, up to ${hex4(last)}`), "\n");
        at += (rows - 1) * perRow;
        continue;
      }
      const row = Array.from({ length: Math.min(perRow, end - at) }, (_, index) => at + index);
      text.append(element("span", { class: "at" }, hex4(at)), "  ");
      for (const offset of row) {
        const digits = this.state.bytes[offset].toString(16).padStart(2, "0");
        const isMiddle = offset - at === 7 && perRow === 16;
        text.append(styled(digits, classes[offset - start]), isMiddle ? "  " : " ");
      }
      text.append(" ".repeat(3 * (perRow - row.length) + 1));
      for (const offset of row) text.append(styled(printable(this.state.bytes[offset]), classes[offset - start]));
      text.append("\n");
    }
    byId("hex").replaceChildren(text);
    byId("dump").setAttribute("aria-label", `Bytes ${start} to ${end - 1}: ${this.rows[part].textContent.trim()}`);
  }

  #describe([name, start, length]) {
    const view = new DataView(this.state.bytes.buffer, start, length);
    const meaning = {
      timestamp: () => tellTime(view.getBigInt64(0, true)),
      sem: () => tellSemaphore(view),
      version: () => String(view.getUint32(0, true)),
      entry_count: () => String(view.getUint32(0, true)),
    }[name] ?? (() => tellText(this.state.bytes.subarray(start, start + length)));
    const place = `${start}, ${length} bytes`;
    return element("tr", {}, element("td", {}, name), element("td", {}, place), element("td", { dir: "auto" }, meaning()));
  }
}

function styled(text, { name, isFresh }) {
  return element(isFresh ? "mark" : "span", { class: `of-${name}` }, text);
}

const hex4 = (offset) => offset.toString(16).padStart(4, "0");

/** How many whole rows from `at` on are old zeros. */
function zeroRows(classes, at, perRow) {
  let end = at;
  while (end < classes.length && classes[end].name === "zero" && !classes[end].isFresh) end += 1;
  return Math.floor((end - at) / perRow);
}

const printable = (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byte === 0 ? "·" : "▪");

function tellText(bytes) {
  const end = bytes.indexOf(0);
  if (end === 0) return "empty";
  return end < 0 ? "not ended by a NUL" : `"${decoder.decode(bytes.subarray(0, end))}"`;
}

/** The highest byte is who took the lock: a place in the list of processes that lies
    behind the table; C programs leave it 0. */
function tellSemaphore(view) {
  const waiters = view.getUint32(4, true) & 0xffffff;
  const mark = view.getUint8(7);
  return `value ${view.getUint32(0, true)}, waiters ${waiters}${mark ? `, mark ${mark}` : ""}`;
}

const tellTime = (seconds) => (seconds === 0n ? "0" : `${seconds} = ${clock(Number(seconds))}`);
