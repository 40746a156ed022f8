// The ten slots: shown, flashed when they change, copied, edited, deleted.

import * as api from "./api.js";
import { whileWaiting } from "./panels.js";
import { ago, byId, clock, countBytes, isolated, quoted } from "./words.js";

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
        button.lastElementChild.replaceChildren(`${button.title}: `, isolated(pair?.key ?? "empty"));
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
    form?.addEventListener("input", () => this.#check(form));
  }

  async #copy(pair) {
    if (!pair) return;
    const done = await copyText(pair.value);
    this.toast.say(done ? ["Copied the value of ", ...quoted(pair.key), "."] : ["The browser did not let the value be copied."]);
  }

  async #delete(pair) {
    if (!pair) return;
    const undo = async () => {
      await this.toast.orFailure(() => api.set(withoutTime(pair)));
    };
    const done = await this.toast.orFailure(() => api.remove(pair));
    if (done) this.toast.say(["Deleted ", ...quoted(pair.key), "."], { label: "Undo", act: undo });
  }

  #edit(item, index) {
    const pair = this.state.slots[index];
    if (!pair) return;
    if (this.#edited) this.#leave(this.items[this.#edited.index]);
    this.#edited = { index, pair };
    item.classList.add("editing");
    const form = item.querySelector(".edit");
    form.hidden = false;
    this.#complain(form, []);
    const input = form.querySelector("textarea");
    input.value = pair.value;
    this.#check(form);
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
    this.#complain(form, meanwhile(pair?.key === old.key ? pair : null));
  }

  /** Counts the bytes; says whether they can be saved. */
  #check(form) {
    const why = countBytes(form.querySelector(".field"), { what: "value" });
    form.querySelector(".why").textContent = why;
    form.querySelector("[type=submit]").disabled = why !== "";
    return why === "";
  }

  async #save(item) {
    const { pair: old, conflict } = this.#edited;
    const form = item.querySelector(".edit");
    if (!this.#check(form)) return;
    const pair = { ...withoutTime(old), value: form.querySelector("textarea").value };
    this.#complain(form, []);
    const done = whileWaiting(this.state, (text) => { form.querySelector(".why").textContent = text; });
    form.querySelector("[type=submit]").disabled = true;
    try {
      if (conflict || !canBePut(pair)) await api.set(pair);
      else await this.#saveUnlessChanged(pair, old);
      this.#leave(item);
    } catch (failure) {
      if (this.#edited) this.#edited.conflict = failure.status === 412;
      this.#complain(form, failure.parts);
    } finally {
      done();
      this.#check(form);
    }
  }

  /** Saves if the value is still the one that the edit began with. Changes of
      other keys make the table's version another one: then it is tried again. */
  async #saveUnlessChanged(pair, old) {
    for (let attempt = 0; ; attempt += 1) {
      const found = await api.get(old);
      if (found.value !== old.value) {
        throw new api.Failure(meanwhile(found), 412);
      }
      try {
        return await api.setIfAt(pair, found.version);
      } catch (failure) {
        if (failure.status !== 412 || attempt === RETRIES) throw failure;
      }
    }
  }

  #complain(form, parts) {
    const place = form.querySelector(".error");
    place.replaceChildren(...parts);
    place.hidden = parts.length === 0;
  }
}

/** What somebody else has made of the value under edit. */
const meanwhile = (pair) => [
  "Changed meanwhile: it ",
  ...(pair ? ["is now ", ...quoted(pair.value)] : ["was deleted"]),
  ". Save again to overwrite, or cancel.",
];

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
