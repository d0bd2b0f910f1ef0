/** What a call has tried so far: every request that is sent for it has a number and a hold of its own. */
export class Trail {
  #attempts = 0;
  #counts = 0;
  readonly #readyAt = new Map<string, number>();
  readonly #counted = new Map<string, bigint>();

  /** The number of the next attempt, from 1. */
  get next(): number {
    return this.#attempts + 1;
  }

  /** A hold was placed under `next`. */
  placed(): void {
    this.#attempts += 1;
  }

  /** From when on a source may be asked, monotonic ms: 0 for one that the call itself (not a count) was not tried on. */
  readyAt(sourceId: string): number {
    return this.#readyAt.get(sourceId) ?? 0;
  }

  /** @param readyAt `Infinity` where asking it again cannot help this call. */
  failed(sourceId: string, readyAt: number): void {
    this.#readyAt.set(sourceId, readyAt);
  }

  /** How many counts were asked for. */
  get counts(): number {
    return this.#counts;
  }

  asked(): void {
    this.#counts += 1;
  }

  /** The provider's count of this request on a source, tokens. It is asked once. */
  counted(sourceId: string): bigint | undefined {
    return this.#counted.get(sourceId);
  }

  count(sourceId: string, tokens: bigint): void {
    this.#counted.set(sourceId, tokens);
  }
}
