import type { SqlRow } from '#ground/database';
import type { OperatorTotals } from './types.ts';

/** Postings whose other side is read from them: those of the exceptional kinds. */
const EXCEPTIONAL = new Set(['ambiguous', 'overrun', 'reconcile', 'reversal']);

/** Adds up what operator accounts received, posting by posting. */
export class OperatorSums {
  readonly #totals: Map<string, [bigint, number]>;

  constructor(from: OperatorTotals) {
    this.#totals = new Map(Object.entries(from).map(([id, [amount, postings]]) => [id, [BigInt(amount), postings]]));
  }

  add({ kind, contra_id, amount }: SqlRow): void {
    if (!EXCEPTIONAL.has(kind as string)) return;
    const [sum, postings] = this.#totals.get(contra_id as string) ?? [0n, 0];
    this.#totals.set(contra_id as string, [kind === 'reversal' ? sum - (amount as bigint) : sum + (amount as bigint), postings + 1]);
  }

  /** In the order of their names, so that the same totals are always the same text. */
  get totals(): OperatorTotals {
    const sorted = [...this.#totals].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([id, [amount, postings]]) => [id, [String(amount), postings] as const]));
  }
}
