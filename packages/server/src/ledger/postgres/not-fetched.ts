import type { Value } from '../statements.ts';

/** Statements whose own text is asked of the database, as it stands for SQLite. */
export type ReadName = (typeof READS)[number];
export const READS = [
  ...(['archive_last', 'archive_state', 'posting_first'] as const),
  ...(['epoch_at', 'open_before', 'posting_head', 'posting_range', 'posting_thawed'] as const),
  ...(['receipt_range', 'reconciliation_overlap', 'reservations_count', 'source_settle'] as const),
] as const;

/** What a batch may have to read. Everything of a kind that the batch could need is fetched at once. */
export type Need =
  | { readonly kind: 'accounts'; readonly ids: readonly string[] }
  /** The last two postings of an account, and what its open holds come to: for a row that this writer has no reason to trust. */
  | { readonly kind: 'proofs'; readonly ids: readonly string[] }
  | { readonly kind: 'reservations'; readonly ids: readonly string[] }
  | { readonly kind: 'holds'; readonly ids: readonly string[] }
  | { readonly kind: 'lane'; readonly id: string }
  /** A statement that only reads what no batch has changed: `sql/<name>.sql`. */
  | { readonly kind: 'read'; readonly name: ReadName; readonly values: readonly Value[] };

/** The batch reads what is not fetched yet. Never leaves the engine: it is fetched in the same transaction, and the batch runs again. */
export class NotFetched extends Error {
  readonly need: Need;

  constructor(need: Need) {
    super('a batch reads what was not fetched');
    this.need = need;
  }
}
