// The graph: versions over the last minute, as steps.

import { byId } from "./words.js";

const SPAN_MS = 60_000;
const RATE_MS = 5_000;
const WIDTH = 320;
const HEIGHT = 96;
const MARGIN = 8;

export class Graph {
  /** Moments and versions; counted on where the version wraps. */
  #points = [];

  constructor() {
    setInterval(() => this.#draw(), 500);
  }

  /** Begins anew: another segment has another count. */
  restart() {
    this.#points = [];
  }

  add(version) {
    const last = this.#points.at(-1);
    if (last && last.version === version) return this.#draw();
    const step = last ? (version - last.version + 2 ** 32) % 2 ** 32 : 0;
    this.#points.push({ at: performance.now(), version, total: (last?.total ?? 0) + step });
    this.#draw();
  }

  #draw() {
    if (document.hidden || this.#points.length === 0) return;
    const now = performance.now();
    // The last point before the span says where the line comes in.
    while (this.#points.length > 1 && this.#points[1].at < now - SPAN_MS) this.#points.shift();
    const totals = this.#points.map((point) => point.total);
    const [low, high] = [totals[0], totals.at(-1)];
    const y = (total) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (total - low)) / Math.max(high - low, 1);
    const x = (at) => Math.max(0, WIDTH * (1 - (now - at) / SPAN_MS));

    let path = `M${x(this.#points[0].at).toFixed(1)},${y(low).toFixed(1)}`;
    for (const { at, total } of this.#points.slice(1)) path += `H${x(at).toFixed(1)}V${y(total).toFixed(1)}`;
    path += `H${WIDTH}`;
    const start = x(this.#points[0].at).toFixed(1);
    byId("graph").querySelector(".line").setAttribute("d", path);
    byId("graph").querySelector(".area").setAttribute("d", `${path}V${HEIGHT}H${start}Z`);
    this.#tell(now, low, high);
  }

  #tell(now, low, high) {
    const rise = high - low;
    const version = this.#points.at(-1).version;
    byId("graph-rise").textContent = rise === 0 ? "no change" : `${(version - rise + 2 ** 32) % 2 ** 32} → ${version}`;
    const label = `The version over the last 60 seconds: ${rise} changes, now ${version}`;
    byId("graph").setAttribute("aria-label", label);
    const before = this.#points.findLast((point) => point.at < now - RATE_MS) ?? this.#points[0];
    const rate = (high - before.total) / (RATE_MS / 1000);
    byId("rate").textContent = rate === 0 ? "quiet" : `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} changes/s`;
  }
}
