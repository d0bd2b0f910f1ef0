/** Up to here a plain array is searched: most objects are small, and a Set for each would cost more than it saves. */
const SMALL = 8;

/** The keys of one object seen so far. */
export class KeySet {
  #few: string[] = [];
  #many: Set<string> | null = null;

  get size(): number {
    return this.#many?.size ?? this.#few.length;
  }

  has(key: string): boolean {
    return this.#many?.has(key) ?? this.#few.includes(key);
  }

  /** @returns false where the key is there already. */
  add(key: string): boolean {
    if (this.#many !== null) {
      const before = this.#many.size;
      this.#many.add(key);
      return this.#many.size > before;
    }
    if (this.#few.includes(key)) return false;
    this.#few.push(key);
    if (this.#few.length > SMALL) {
      this.#many = new Set(this.#few);
      this.#few = [];
    }
    return true;
  }
}
