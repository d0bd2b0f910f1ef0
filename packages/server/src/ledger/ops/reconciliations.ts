import { type Books, publish } from '../books.ts';
import type { Reconciliation } from '../reconciliation.ts';

/** Keeps a reconciliation beside the posting that it made, and tells of it. */
export function addReconciliation(books: Books, postingSeq: bigint, r: Reconciliation): void {
  books.sql.reconciliation_add.run(
    books.bookId,
    r.sourceId,
    postingSeq,
    r.kind,
    r.from,
    r.to,
    r.providerTotal,
    r.ours,
    r.edge,
    r.reported,
    r.ambiguous,
    r.returned,
    r.added,
    r.exportHash,
    r.keyRef,
    r.consent,
    r.at,
  );
  publish(books, 'source.reconciled', r.sourceId, {
    kind: r.kind,
    from: r.from,
    to: r.to,
    providerTotal: r.providerTotal.toString(),
    ours: r.ours.toString(),
    returned: r.returned.toString(),
    added: r.added.toString(),
    exportHash: r.exportHash,
  });
}
