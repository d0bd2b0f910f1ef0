/** What a call has tried so far: every request that is sent for it has a number and a hold of its own. */
export class Trail {
  #attempts = 0;
  readonly #tried = new Set<string>();
  readonly #counted = new Map<string, bigint>();

  /** The number of the next attempt, from 1. */
  get next(): number {
    return this.#attempts + 1;
  }

  /** A hold was placed under `next`. */
  placed(): void {
    this.#attempts += 1;
  }

  /** Sources that the call itself (not a count) was tried on. */
  wasTried(sourceId: string): boolean {
    return this.#tried.has(sourceId);
  }

  tried(sourceId: string): void {
    this.#tried.add(sourceId);
  }

  /** The provider's count of this request on a source, tokens. It is asked once. */
  counted(sourceId: string): bigint | undefined {
    return this.#counted.get(sourceId);
  }

  count(sourceId: string, tokens: bigint): void {
    this.#counted.set(sourceId, tokens);
  }
}
