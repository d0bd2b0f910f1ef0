import { TallyError } from '@tallystick/core';
import type { Config } from '#ground/config';
import type { Log } from '#ground/log';
import type { Ledger, ReconcileRequest, ReconcileResult } from '#ledger';
import type { AuditEntry, Vault } from '#vault';
import { markPending, pendingSources, unmarkPending } from './reconcile-archive.ts';

/** The audit log's words: what will be done, before it is; then what was, or why not. */
const ANNOUNCED = 'source.reconciling';
const DONE = 'source.reconciled';
const REFUSED = 'source.reconcile_refused';

type Stores = { readonly config: Config; readonly vault: Vault; readonly ledger: Ledger };

/**
 * The audit log first, then the books. Everything that the books are asked is in the log, so a crash between the two is carried on at
 * the next start with the very same question.
 */
export async function announceAndReconcile(stores: Stores, request: ReconcileRequest): Promise<ReconcileResult> {
  const { config, vault } = stores;
  await markPending(config, request.sourceId);
  await vault.audit(ANNOUNCED, request.sourceId, announced(request));
  return carryOut(stores, request);
}

/** What the books refuse is written down too: it will not be done later. Whatever else goes wrong is tried again at the next start. */
async function carryOut({ config, vault, ledger }: Stores, request: ReconcileRequest): Promise<ReconcileResult> {
  const { sourceId, from, to } = request;
  try {
    const result = await ledger.reconcile(request);
    const { returned, added } = result.reconciliation;
    await vault.audit(DONE, sourceId, { from, to, returned: String(returned), added: String(added), resumed: result.resumed });
    unmarkPending(config, sourceId);
    return result;
  } catch (error) {
    if (error instanceof TallyError && isFinalWord(error)) {
      await vault.audit(REFUSED, sourceId, { from, to, code: error.code });
      unmarkPending(config, sourceId);
    }
    throw error;
  }
}

function isFinalWord({ code }: TallyError): boolean {
  return code === 'STATE_INVALID' || code === 'INPUT_INVALID' || code === 'NOT_FOUND' || code === 'TAMPERED';
}

/** Carries on what a crash cut short between audit log and books. Only for books that are known to be the latest. */
export async function finishReconciliations(stores: Stores, log: Log): Promise<void> {
  for (const sourceId of pendingSources(stores.config)) {
    const request = lastAnnounced(stores.vault, sourceId);
    if (request === null) unmarkPending(stores.config, sourceId);
    else await finish(stores, request, log);
  }
}

async function finish(stores: Stores, request: ReconcileRequest, log: Log): Promise<void> {
  const { config, vault, ledger } = stores;
  const { sourceId, from, to, exportHash } = request;
  const done = (await ledger.reconciliations(sourceId)).find((r) => r.from === from && r.to === to && r.exportHash === exportHash);
  if (done === undefined) {
    const outcome = await carryOut(stores, request).then(
      () => 'finished',
      (error: unknown) => (error instanceof TallyError ? error.code : 'failed'),
    );
    log.warn({ source: sourceId, outcome }, 'a reconciliation that a crash interrupted was carried on');
    return;
  }
  await vault.audit(DONE, sourceId, { from, to, returned: String(done.returned), added: String(done.added), resumed: request.resume });
  unmarkPending(config, sourceId);
}

const AUDIT_PAGE = 1000;

/** Reads the whole audit log: only where a crash left a mark. @returns what was announced last and neither done nor refused. */
function lastAnnounced(vault: Vault, sourceId: string): ReconcileRequest | null {
  let open: ReconcileRequest | null = null;
  for (let from = 0; ; from += AUDIT_PAGE) {
    const entries = vault.auditEntries(from, AUDIT_PAGE);
    for (const entry of entries) {
      if (entry.subject !== sourceId) continue;
      if (entry.kind === ANNOUNCED) open = requestOf(entry);
      if (entry.kind === DONE || entry.kind === REFUSED) open = null;
    }
    if (entries.length < AUDIT_PAGE) return open;
  }
}

function announced(r: ReconcileRequest): AuditEntry['data'] {
  return {
    from: r.from,
    to: r.to,
    provider_total: String(r.providerTotal),
    export: r.exportHash,
    key_id: r.keyRef,
    consent: r.consent,
    return_max: String(r.returnMax),
    lag_ms: r.lagMs,
    edge_ms: r.edgeMs,
    resume: r.resume,
  };
}

function requestOf({ subject, data }: AuditEntry): ReconcileRequest {
  return {
    sourceId: subject,
    from: Number(data['from']),
    to: Number(data['to']),
    providerTotal: BigInt(String(data['provider_total'])),
    exportHash: String(data['export']),
    keyRef: String(data['key_id']),
    consent: String(data['consent']),
    returnMax: BigInt(String(data['return_max'])),
    lagMs: Number(data['lag_ms']),
    edgeMs: Number(data['edge_ms']),
    resume: data['resume'] === true,
  };
}
