/** A row's number rises with its transaction: what is below the oldest that still runs is all there. */
export const OUTBOX_IS_WHOLE =
  'seq < (SELECT outbox_base FROM books b WHERE b.book_id = outbox.book_id) + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << 20)';
