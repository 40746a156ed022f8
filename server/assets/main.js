// The live page: frames come in, and every part shows what is new to it.

import { Bytes } from "./bytes.js";
import { listenToDialog } from "./dialog.js";
import { Graph } from "./graph.js";
import { Link } from "./link.js";
import { Activity, Banner, showGauges, showProcesses, Toast } from "./panels.js";
import { Search } from "./search.js";
import { Slots } from "./slots.js";
import { State } from "./state.js";
import { byId } from "./words.js";

const state = new State();
const toast = new Toast(state);
const banner = new Banner(toast);
const activity = new Activity();
const graph = new Graph();
const slots = new Slots(state, toast);
const search = new Search(slots, toast);
const bytes = new Bytes(state);

function onFrame(frame) {
  const changes = state.apply(frame);
  const isNew = !changes.first;
  if (changes.first || frame.version < changes.from) graph.restart();
  slots.setBusy(state.problem !== null && state.version === 0);
  slots.show(frame.full ? state.slots.keys() : changes.slots, { flash: false });
  if (isNew) slots.show(changes.slots, { flash: true });
  search.filter();
  bytes.show(changes.bytes, { mark: isNew });
  if (frame.full) bytes.showAll();
  graph.add(state.version);
  if (isNew) activity.tell(changes, state.version);
  showGauges(state);
  if (frame.processes) showProcesses(state.processes);
  banner.showState(state);
}

const link = new Link(onFrame, (name, pauseMs) => banner.showLink(name, pauseMs));
byId("refresh").addEventListener("click", () => {
  slots.setBusy(true);
  link.open();
});
byId("retry").addEventListener("click", () => link.open());
listenToDialog(state, toast);
link.open();
