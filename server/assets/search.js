// The search: by prefix while one types, exactly on Enter.

import * as api from "./api.js";
import { copyText } from "./slots.js";
import { byId, count } from "./words.js";

export class Search {
  constructor(slots, toast) {
    this.slots = slots;
    this.input = byId("search-key");
    this.input.addEventListener("input", () => {
      this.#hideFound();
      this.filter();
    });
    byId("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#look();
    });
    byId("found-copy").addEventListener("click", async () => {
      const done = await copyText(byId("found-value").textContent);
      toast.say(done ? "Copied the value." : "The browser did not let the value be copied.");
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input, textarea") || document.querySelector("dialog[open]");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.input.focus();
      }
    });
  }

  /** Filters again: the slots or the prefix have changed. */
  filter() {
    const prefix = this.input.value;
    const shown = this.slots.filter(prefix);
    const note = byId("no-match");
    note.hidden = !prefix;
    const keys = `${count(shown, "key")} ${shown === 1 ? "begins" : "begin"}`;
    note.textContent = shown === 0 ? `No key begins with “${prefix}”.` : `${keys} with “${prefix}”.`;
  }

  async #look() {
    const key = this.input.value;
    if (!key) return;
    try {
      const { value, value_base64: isBytes } = await api.get({ key });
      this.#tell(isBytes ? `“${key}”, in base64:` : `“${key}”:`, value);
    } catch (failure) {
      this.#tell(failure.status === 404 ? `Key “${key}” was not found.` : failure.message, null);
    }
  }

  #tell(text, value) {
    byId("found").hidden = false;
    byId("found").toggleAttribute("data-missing", value === null);
    byId("found-text").textContent = text;
    byId("found-value").textContent = value ?? "";
    byId("found-value").hidden = value === null;
    byId("found-copy").hidden = value === null;
  }

  #hideFound() {
    byId("found").hidden = true;
  }
}
