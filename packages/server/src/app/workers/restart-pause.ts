const PAUSE_MS = 100;
const PAUSE_MS_MAX = 30_000;
/** Who has lived for so long was not ended by its own start. */
const STEADY_MS = 30_000;

/** How long to wait before a worker that has ended is started again: not at all at first, then twice as long each time that it ends early. */
export class RestartPause {
  #deaths = 0;

  get deaths(): number {
    return this.#deaths;
  }

  /** @param livedMs since its start. */
  next(livedMs: number): number {
    if (livedMs >= STEADY_MS) this.#deaths = 0;
    this.#deaths += 1;
    return this.#deaths === 1 ? 0 : Math.min(PAUSE_MS * 2 ** (this.#deaths - 2), PAUSE_MS_MAX);
  }
}
