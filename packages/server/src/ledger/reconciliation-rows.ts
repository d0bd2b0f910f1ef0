import type { SqlRow } from '#ground/database';
import type { Reconciliation } from './reconciliation.ts';

export function reconciliationOf(row: SqlRow): Reconciliation {
  return {
    sourceId: row.source_id as string,
    kind: row.kind as Reconciliation['kind'],
    from: Number(row.from_at),
    to: Number(row.to_at),
    providerTotal: row.provider_total as bigint,
    ours: row.ours as bigint,
    edge: row.edge as bigint,
    reported: row.reported as bigint,
    ambiguous: row.ambiguous as bigint,
    returned: row.returned as bigint,
    added: row.added as bigint,
    exportHash: row.export_hash as string,
    keyRef: row.key_ref as string,
    consent: row.consent as string,
    at: Number(row.at),
  };
}
