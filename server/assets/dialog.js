// The dialog "Set value".

import * as api from "./api.js";
import { whileWaiting } from "./panels.js";
import { byId, countBytes, quoted } from "./words.js";

export function listenToDialog(state, toast) {
  const dialog = byId("set-dialog");
  if (!dialog) return; // the server is read-only
  const [key, value] = [byId("set-key"), byId("set-value")];
  const [keyField, valueField] = [key.closest(".field"), value.closest(".field")];
  const error = byId("set-error");

  const check = () => {
    const faults = [countBytes(keyField, { what: "key", empty: false }), countBytes(valueField, { what: "value" })];
    const why = faults.filter(Boolean).join(" ");
    byId("set-why").textContent = why;
    byId("set-submit").disabled = why !== "";
  };
  const complain = (text) => {
    error.textContent = text;
    error.hidden = text === "";
  };

  byId("open-set").addEventListener("click", () => {
    complain("");
    check();
    dialog.showModal();
    key.focus();
    key.select();
  });
  byId("set-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && !isInside(dialog, event)) dialog.close();
  });
  byId("set-form").addEventListener("input", () => {
    complain("");
    check();
  });
  byId("set-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const pair = { key: key.value, value: value.value };
    const done = whileWaiting(state, (text) => { byId("set-why").textContent = text; });
    byId("set-submit").disabled = true;
    try {
      await api.set(pair);
    } catch (failure) {
      done();
      check();
      return complain(failure.message);
    }
    done();
    dialog.close();
    key.value = "";
    value.value = "";
    toast.say(["Set ", ...quoted(pair.key), "."]);
  });
}

function isInside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
}
