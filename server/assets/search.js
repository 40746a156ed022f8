// The search: by prefix while one types, exactly on Enter.

import * as api from "./api.js";
import { copyText } from "./slots.js";
import { byId, count, quoted } from "./words.js";

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
      toast.say([done ? "Copied the value." : "The browser did not let the value be copied."]);
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
    // That there is no such key is said above already.
    const isMissing = byId("found").matches("[data-missing]:not([hidden])");
    note.hidden = !prefix || (shown === 0 && isMissing);
    const keys = shown === 0 ? "No key begins" : `${count(shown, "key")} ${shown === 1 ? "begins" : "begin"}`;
    note.replaceChildren(`${keys} with `, ...quoted(prefix), ".");
  }

  async #look() {
    const key = this.input.value;
    if (!key) return;
    try {
      const { value, value_base64: isBytes } = await api.get({ key });
      this.#tell([...quoted(key), isBytes ? ", in base64:" : ":"], value);
    } catch (failure) {
      this.#tell(failure.status === 404 ? ["Key ", ...quoted(key), " was not found."] : failure.parts, null);
    }
  }

  #tell(parts, value) {
    byId("found").hidden = false;
    byId("found").toggleAttribute("data-missing", value === null);
    byId("found-text").replaceChildren(...parts);
    byId("found-value").textContent = value ?? "";
    byId("found-value").hidden = value === null;
    byId("found-copy").hidden = value === null;
    this.filter();
  }

  #hideFound() {
    byId("found").hidden = true;
  }
}
