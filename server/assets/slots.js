// The ten slots: shown, flashed when they change, copied, edited, deleted.

import * as api from "./api.js";
import { ago, byId, clock, countBytes } from "./words.js";

const RETRIES = 5;

export class Slots {
  #edited = null;

  constructor(state, toast) {
    this.state = state;
    this.toast = toast;
    this.items = [...byId("slots").querySelectorAll(".slot")];
    this.items.forEach((item, index) => this.#listen(item, index));
    setInterval(() => this.#tellTimes(), 1000);
  }

  /** Shows these slots as they are now; those that are new flash. */
  show(indices, { flash }) {
    for (const index of indices) {
      const item = this.items[index];
      const pair = this.state.slots[index];
      item.dataset.state = pair ? "used" : "empty";
      item.querySelector(".key").textContent = pair?.key ?? "";
      item.querySelector(".key").title = pair?.key ?? "";
      item.querySelector(":scope > .value").textContent = pair?.value ?? "";
      item.querySelector(".badge").hidden = !(pair?.key_base64 || pair?.value_base64);
      for (const button of item.querySelectorAll(".actions button")) {
        button.lastElementChild.textContent = `${button.title}: ${pair?.key ?? "empty"}`;
      }
      if (flash) this.#flash(item);
      if (this.#edited?.index === index) this.#meanwhile(pair);
    }
    this.#tellTimes();
  }

  /** Shows only those whose key begins with `prefix`; returns how many do. */
  filter(prefix) {
    const shown = this.state.slots.map((pair) => !prefix || (pair?.key.startsWith(prefix) ?? false));
    this.items.forEach((item, index) => item.classList.toggle("away", !shown[index]));
    return shown.filter(Boolean).length;
  }

  setBusy(busy) {
    byId("slots").setAttribute("aria-busy", String(busy));
  }

  #flash(item) {
    item.classList.remove("pulse");
    void item.offsetWidth; // restarts the animation
    item.classList.add("pulse");
    item.addEventListener("animationend", () => item.classList.remove("pulse"), { once: true });
  }

  #tellTimes() {
    this.items.forEach((item, index) => {
      const time = item.querySelector(".time");
      const timestamp = this.state.slots[index]?.timestamp;
      if (timestamp === undefined) return;
      time.textContent = ago(timestamp);
      time.title = clock(timestamp);
    });
  }

  #listen(item, index) {
    const on = (action, act) => item.querySelector(`[data-action="${action}"]`)?.addEventListener("click", act);
    on("copy", () => this.#copy(this.state.slots[index]));
    on("edit", () => this.#edit(item, index));
    on("delete", () => this.#delete(this.state.slots[index]));
    on("cancel", () => this.#leave(item));
    const form = item.querySelector(".edit");
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save(item);
    });
    form?.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#leave(item);
      if (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea")) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form?.addEventListener("input", () => countBytes(form.querySelector(".field")));
  }

  async #copy(pair) {
    if (pair) this.toast.say(await copyText(pair.value) ? `Copied the value of “${pair.key}”.` : "The browser did not let the value be copied.");
  }

  async #delete(pair) {
    if (!pair) return;
    const undo = async () => {
      await this.toast.orFailure(() => api.set(withoutTime(pair)));
    };
    const done = await this.toast.orFailure(() => api.remove(pair));
    if (done) this.toast.say(`Deleted “${pair.key}”.`, { label: "Undo", act: undo });
  }

  #edit(item, index) {
    const pair = this.state.slots[index];
    if (!pair) return;
    if (this.#edited) this.#leave(this.items[this.#edited.index]);
    this.#edited = { index, pair };
    item.classList.add("editing");
    const form = item.querySelector(".edit");
    form.hidden = false;
    this.#complain(form, "");
    const input = form.querySelector("textarea");
    input.value = pair.value;
    countBytes(form.querySelector(".field"));
    input.focus();
    input.select();
  }

  #leave(item) {
    if (this.#edited === null) return;
    this.#edited = null;
    item.classList.remove("editing");
    item.querySelector(".edit").hidden = true;
    item.querySelector('[data-action="edit"]').focus();
  }

  /** The slot under edit was changed by somebody else. */
  #meanwhile(pair) {
    const { index, pair: old } = this.#edited;
    if (pair?.key === old.key && pair.value === old.value) return;
    const form = this.items[index].querySelector(".edit");
    this.#edited.conflict = true;
    const now = pair?.key === old.key ? `is now “${pair.value}”` : "was deleted";
    this.#complain(form, `Changed meanwhile: it ${now}. Save again to overwrite, or cancel.`);
  }

  async #save(item) {
    const { pair: old, conflict } = this.#edited;
    const form = item.querySelector(".edit");
    if (!countBytes(form.querySelector(".field"))) return this.#complain(form, "The value is too long, or has a NUL.");
    const pair = { ...withoutTime(old), value: form.querySelector("textarea").value };
    try {
      if (conflict || !canBePut(pair)) await api.set(pair);
      else await this.#saveUnlessChanged(pair, old);
      this.#leave(item);
    } catch (failure) {
      if (this.#edited) this.#edited.conflict = failure.status === 412;
      this.#complain(form, failure.message);
    }
  }

  /** Saves if the value is still the one that the edit began with. Changes of
      other keys make the table's version another one: then it is tried again. */
  async #saveUnlessChanged(pair, old) {
    for (let attempt = 0; ; attempt += 1) {
      const found = await api.get(old);
      if (found.value !== old.value) {
        throw new api.Failure(`Changed meanwhile: it is now “${found.value}”. Save again to overwrite, or cancel.`, 412);
      }
      try {
        return await api.setIfAt(pair, found.version);
      } catch (failure) {
        if (failure.status !== 412 || attempt === RETRIES) throw failure;
      }
    }
  }

  #complain(form, text) {
    const place = form.querySelector(".error");
    place.textContent = text;
    place.hidden = text === "";
  }
}

/** Browsers take these keys for steps of a path. */
const canBePut = ({ key }) => key !== "." && key !== "..";

const withoutTime = ({ timestamp, ...pair }) => pair;

/** Copies a text; false where the browser refuses. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The way without the clipboard's own interface, which needs a secure context. */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
