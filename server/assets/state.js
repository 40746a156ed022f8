// The segment as this page knows it.
//
// Frames change it. After each, `apply` says what is new: after the first frame
// nothing is, after a reconnection whatever differs from what was known before.

import { CAPACITY } from "./words.js";

export const SLOT = { size: 328, key: 64, value: 256 };
export const SEMAPHORE = CAPACITY * SLOT.size;
export const VERSION = SEMAPHORE + 32;
export const COUNT = VERSION + 4;
export const SIZE = COUNT + 4;

const same = (one, other) =>
  one === other ||
  (one !== null && other !== null && one.key === other.key && one.value === other.value &&
    one.key_base64 === other.key_base64 && one.value_base64 === other.value_base64 &&
    one.timestamp === other.timestamp);

export class State {
  slots = new Array(CAPACITY).fill(null);
  bytes = new Uint8Array(SIZE);
  version = 0;
  lock = { value: 1, waiters: 0, queued: 0, held_s: 0, owner: null };
  processes = [];
  problem = null;
  damaged = false;
  notice = null;
  known = false;

  get entryCount() {
    return this.slots.filter((slot) => slot !== null).length;
  }

  /** The slot that has this key, or -1. */
  indexOf({ key, key_base64: isBytes }) {
    return this.slots.findIndex((slot) => slot?.key === key && (slot.key_base64 ?? false) === (isBytes ?? false));
  }

  /** Takes a frame in; returns what it changed. */
  apply(frame) {
    const wasKnown = this.known && this.problem === null;
    const changes = { first: !wasKnown, steps: [], slots: [], bytes: [], from: this.version };
    for (const { slot, timestamp, ...pair } of frame.slots) {
      const old = this.slots[slot];
      const now = pair.key === undefined ? null : { ...pair, timestamp };
      this.slots[slot] = now;
      if (same(old, now)) continue;
      changes.slots.push(slot);
      if (old !== null && old.key !== now?.key) changes.steps.push({ op: "delete", pair: old });
      if (now !== null) changes.steps.push({ op: "set", pair: now });
    }
    for (const [offset, digits] of frame.memory) this.#write(offset, digits, changes.bytes);
    this.version = frame.version;
    this.lock = frame.lock;
    this.problem = frame.problem;
    this.damaged = frame.damaged;
    this.notice = frame.notice;
    if (frame.processes) this.processes = frame.processes;
    this.known = true;
    // A key that moved to another slot was not deleted.
    changes.steps = changes.steps.filter(({ op, pair }) => op === "set" || this.indexOf(pair) < 0);
    return changes;
  }

  #write(offset, digits, changed) {
    for (let at = 0; at < digits.length / 2; at += 1) {
      const byte = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
      if (this.bytes[offset + at] === byte) continue;
      this.bytes[offset + at] = byte;
      changed.push(offset + at);
    }
  }
}
