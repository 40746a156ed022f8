// The stream of frames: opened, and opened again when it breaks.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

export class Link {
  #source = null;
  #timer = null;
  #pause = FIRST_PAUSE_MS;

  /** Calls `onFrame` with each frame, and `onState` with "connecting", "live",
      "lost" and the milliseconds until the next try, or "full" instead of "lost" where
      the server has no place for another page. */
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
    const pause = this.#pause;
    this.onState("lost", pause);
    this.#timer = setTimeout(() => this.open(), pause);
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    this.#askWhy(pause);
  }

  /** An EventSource does not tell with which status it was refused. */
  async #askWhy(pause) {
    const answer = await fetch("/frames", { method: "HEAD" }).catch(() => null);
    if (answer?.status === 503 && this.#source === null) this.onState("full", pause);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
