// The stream of frames: opened, and opened again when it breaks.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

export class Link {
  #source = null;
  #timer = null;
  #pause = FIRST_PAUSE_MS;

  /** Calls `onFrame` with each frame, and `onState` with "connecting", "live", or
      "lost" and the milliseconds until the next try. */
  constructor(onFrame, onState) {
    this.onFrame = onFrame;
    this.onState = onState;
  }

  /** Opens the stream, anew if it is open. The first frame has everything. */
  open() {
    this.#close();
    this.onState("connecting");
    const source = new EventSource("/frames");
    this.#source = source;
    source.addEventListener("frame", (event) => {
      if (source !== this.#source) return;
      this.#pause = FIRST_PAUSE_MS;
      this.onState("live");
      this.onFrame(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (source === this.#source) this.#lost();
    });
  }

  #lost() {
    this.#close();
    this.onState("lost", this.#pause);
    this.#timer = setTimeout(() => this.open(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
