// What stands around the slots: gauges, processes, changes, and what is wrong.

import * as api from "./api.js";
import { byId, CAPACITY, clock, count, element, isolated } from "./words.js";

const KEPT_CHANGES = 50;
const ANNOUNCE_MS = 1500;
const LONG_HELD_S = 3;
const WAIT_TOLD_MS = 250;

const SLEEPS = { lock: "the lock", change: "a change", nothing: "–", unknown: "not visible" };

/** The few numbers. */
export function showGauges(state) {
  const used = state.entryCount;
  byId("entries").textContent = used;
  const percent = Math.round((100 * used) / CAPACITY);
  byId("capacity").textContent = percent;
  byId("capacity-bar").value = percent;
  [...byId("ticks").children].forEach((tick, index) => {
    tick.dataset.on = String(state.slots[index] !== null);
  });
  byId("version").textContent = state.version;
  showLock(state.lock);
}

function showLock({ value, waiters, queued, held_s: held }) {
  const isHeld = value === 0;
  byId("lock-state").dataset.held = String(isHeld);
  byId("lock-state").textContent = isHeld ? "held" : "free";
  const long = isHeld && held >= LONG_HELD_S ? `for ${held} s; ` : "";
  byId("lock-note").textContent = long + whoWaits(waiters, queued);
}

/** Who waits. The thread that waits for all requests of this server is one of those
    that sleep; where it does not yet, it is about to. */
function whoWaits(waiters, queued) {
  const others = waiters - (queued > 0 ? 1 : 0);
  const parts = [];
  if (queued > 0) parts.push(`${count(queued, "request")} of this server`);
  if (others > 0) parts.push(count(others, queued > 0 ? "other thread" : "thread"));
  if (parts.length === 0) return "nobody waits";
  return `${parts.join(" and ")} ${queued + others === 1 ? "waits" : "wait"}`;
}

/** Since the link is lost, nothing is known of the lock. */
export function showLockUnknown() {
  byId("lock-state").dataset.held = "false";
  byId("lock-state").textContent = "unknown";
  byId("lock-note").textContent = "since the link was lost";
}

/** Who has the segment mapped. */
export function showProcesses(processes) {
  const rows = processes.map(({ pid, name, this: isThis, waits }) =>
    element("tr", { "data-waits": waits },
      element("td", {}, String(pid)),
      element("td", {}, isThis ? `${name} (this server)` : name),
      element("td", {}, SLEEPS[waits])));
  byId("processes").replaceChildren(...rows);
  byId("nobody").hidden = processes.length > 0;
}

/** What has happened, newest first. */
export class Activity {
  #announced = -Infinity;
  #unsaid = 0;
  #timer = null;

  tell({ steps, from }, version) {
    const passed = (version - from + 2 ** 32) % 2 ** 32;
    if (passed === 0 && steps.length === 0) return;
    const more = passed - steps.length;
    const items = steps.map(({ op, pair }) => this.#item(version, op, pair));
    if (more > 0) items.unshift(this.#note(version, `${steps.length ? "and " : ""}${count(more, "change")} that left no other trace`));
    byId("activity").prepend(...items.reverse());
    while (byId("activity").children.length > KEPT_CHANGES) byId("activity").lastChild.remove();
    byId("no-activity").hidden = true;
    this.#announce(steps, passed);
  }

  #item(version, op, pair) {
    const text = (found) => element("code", { dir: "auto" }, found);
    const what = element("span", { class: "what" }, text(pair.key));
    if (op === "set") what.append(element("span", { class: "op" }, " = "), text(pair.value));
    else what.append(element("span", { class: "op" }, " deleted"));
    return this.#row(version, what);
  }

  #note(version, text) {
    return this.#row(version, element("span", { class: "what" }, element("span", { class: "op" }, text)));
  }

  #row(version, what) {
    const time = new Date().toLocaleTimeString();
    return element("li", {}, element("span", { class: "version" }, `#${version}`), what, element("time", {}, time));
  }

  /** Says it to a screen reader, not more often than it can be heard. */
  #announce(steps, passed) {
    this.#unsaid += passed;
    const [step] = steps;
    const one = step && [isolated(step.pair.key), ...(step.op === "set" ? [" set to ", isolated(step.pair.value)] : [" deleted"])];
    const parts = this.#unsaid === 1 && one ? one : [count(this.#unsaid, "change")];
    clearTimeout(this.#timer);
    const pause = this.#announced + ANNOUNCE_MS - performance.now();
    this.#timer = setTimeout(() => {
      byId("announcer").replaceChildren(...parts);
      this.#announced = performance.now();
      this.#unsaid = 0;
    }, Math.max(pause, 0));
  }
}

/** "process 4711 (lab-4)", as the server says it. */
export const nameOf = ({ pid, name }) => `process ${pid}${name ? ` (${name})` : ""}`;

/** What is to be said of a lock that is held for long, or by a dead process: the
    sentence, and whether recovery is worth an attempt. */
function tellLock({ value, held_s: held, owner }, processes) {
  if (value !== 0) return null;
  if (owner?.dead) {
    return [`${capital(nameOf(owner))} died while it held the lock. Nobody can use the store until it is recovered.`, true];
  }
  if (held < LONG_HELD_S) return null;
  if (owner) return [`${capital(nameOf(owner))} has held the lock for ${held} s. It lives: nothing is broken.`, false];
  const others = processes.filter(({ this: isThis }) => !isThis);
  const unknown = `The lock has been held for ${held} s, and it does not tell by whom.`;
  if (others.length === 0) {
    return [`${unknown} No other process is seen that has the segment open: its owner is gone.`, true];
  }
  return [`${unknown} It may be one that has the segment open: ${others.map(nameOf).join(", ")}. If it does not end by itself, end it; then the store can be recovered.`, false];
}

const capital = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** What is wrong, in words, and what can be done. */
export class Banner {
  #link = null;
  #problem = null;
  #recoverable = false;

  /** `toast` says what has come of a recovery. */
  constructor(toast) {
    const button = byId("recover");
    button.addEventListener("click", async () => {
      button.disabled = true;
      const done = await toast.orFailure(() => api.recover());
      button.disabled = false;
      if (done && !done.recovered) toast.say([`${capital(done.message)}.`]);
    });
    byId("notice-close").addEventListener("click", () => {
      sessionStorage.setItem("notice", byId("notice").dataset.number);
      byId("notice").hidden = true;
    });
  }

  showLink(state, pauseMs) {
    const words = { connecting: "Connecting", live: "Live", lost: "Offline", full: "Offline" };
    const reasons = { lost: "The server cannot be reached", full: "The server has no place for another page: close one" };
    const isCut = state in reasons;
    byId("link").dataset.state = isCut ? "lost" : state;
    byId("link-text").textContent = words[state];
    // What is shown is from before until the next frame has come.
    if (state !== "connecting") document.body.dataset.link = isCut ? "lost" : state;
    if (isCut) showLockUnknown();
    if (state === "live") this.#link = null;
    if (isCut) {
      this.#link = `${reasons[state]}; what you see is from before. Trying again in ${pauseMs / 1000} s.`;
    }
    this.#show();
  }

  showState({ problem, damaged, lock, processes, notice }) {
    const [held, isWorthIt] = tellLock(lock, processes) ?? [null, false];
    const shown = damaged ? "It is shown as it is in memory; recovery puts it right." : "";
    this.#problem = held ?? (problem && `${capital(problem)}. ${shown}`.trim());
    this.#recoverable = isWorthIt || (damaged && held === null);
    this.#show();
    showNotice(notice);
  }

  #show() {
    const text = this.#link ?? this.#problem;
    byId("banner").hidden = text === null;
    if (byId("banner-text").textContent !== (text ?? "")) byId("banner-text").textContent = text ?? "";
    byId("retry").hidden = this.#link === null;
    const isReadOnly = document.body.dataset.readOnly === "true";
    byId("recover").hidden = this.#link !== null || !this.#recoverable || isReadOnly;
  }
}

/** The last recovery, unless it was put away in this window. */
function showNotice(notice) {
  if (notice === null) return void (byId("notice").hidden = true);
  const number = `${notice.number} ${notice.timestamp}`;
  if (byId("notice").dataset.number === number) return;
  byId("notice").dataset.number = number;
  byId("notice-text").textContent = `${clock(notice.timestamp)}: ${notice.text}.`;
  byId("notice").hidden = sessionStorage.getItem("notice") === number;
}

/** Says that a change waits for the lock, should it do so; returns what ends that, and
    tells whether anything was said. */
export function whileWaiting(state, say) {
  let said = false;
  const tell = () => {
    const { value, held_s: held, owner } = state.lock;
    if (value !== 0) return;
    said = true;
    const who = owner ? ` by ${nameOf(owner)}` : "";
    say(`Waiting for the lock: it is held${who}${held > 0 ? `, for ${held} s` : ""} …`);
  };
  tell();
  const timer = setInterval(tell, WAIT_TOLD_MS);
  return () => {
    clearInterval(timer);
    return said;
  };
}

/** Short messages that go by themselves. */
export class Toast {
  static SHOWN_MS = 6000;

  constructor(state) {
    this.state = state;
  }

  /** Says these texts; those of others are in elements that isolate them. */
  say(parts, { label, act, bad = false } = {}) {
    const toast = element("div", { class: bad ? "toast bad" : "toast" }, element("p", {}, ...parts));
    if (act) {
      const button = element("button", { class: "button", type: "button" }, label);
      button.addEventListener("click", () => {
        toast.remove();
        act();
      });
      toast.append(button);
    }
    byId("toasts").replaceChildren(toast);
    setTimeout(() => toast.remove(), Toast.SHOWN_MS);
  }

  /** Does `act`; says that it waits for the lock, where it does, and why it fails. */
  async orFailure(act) {
    const done = whileWaiting(this.state, (text) => this.say([text]));
    try {
      const result = await act();
      if (done()) byId("toasts").replaceChildren();
      return result;
    } catch (failure) {
      done();
      this.say(failure.parts, { bad: true });
      return null;
    }
  }
}
