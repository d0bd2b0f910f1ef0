/**
 * Undo log of what the writer keeps in memory: a transaction that is rolled back must be forgotten here too.
 * Values are put back newest first, as SQLite does with its pages.
 */
export class Journal {
  readonly #undo: (() => void)[] = [];

  /** A point to come back to. */
  mark(): number {
    return this.#undo.length;
  }

  record(undo: () => void): void {
    this.#undo.push(undo);
  }

  rollbackTo(mark: number): void {
    while (this.#undo.length > mark) (this.#undo.pop() as () => void)();
  }

  /** The transaction is durable: nothing is ever put back. */
  commit(): void {
    this.#undo.length = 0;
  }
}
