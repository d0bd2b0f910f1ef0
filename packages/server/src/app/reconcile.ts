import { AMOUNT_MAX, type ExportFormat, type Hex, readUsageExport, TallyError } from '@tallystick/core';
import type { NotReturned, ReconcileRequest, ReconcileResult, Reconciliation, SourceRow } from '#ledger';
import { findSource, lowerToSeal, refuseFinal } from './admin-sources.ts';
import type { Daemon } from './daemon.ts';
import { archiveExport, hashExport } from './reconcile-archive.ts';
import { allowedBy, type Consent, consentRequest, donorOf } from './reconcile-consent.ts';
import { announceAndReconcile } from './reconcile-steps.ts';

export type ReconcileInput = {
  readonly from: number;
  readonly to: number;
  readonly format: ExportFormat | null;
  readonly export: Buffer;
  readonly keyRef: string;
  readonly consent: Consent | null;
  readonly resume: boolean;
  readonly dryRun: boolean;
};

export type ReconciliationView = Readonly<Record<string, unknown>>;

/** How far a provider's clock and this host's may be apart. The sandbox has this host's clock, and counts before it answers. */
const EDGE_MS = 60_000;

const WHY: Readonly<Record<NotReturned, string>> = {
  not_below: 'The provider’s total is not below what the calls inside the interval were posted.',
  incomplete:
    'The provider’s total is below what its own answers reported, so the export leaves calls out: nothing is known of the others.',
  nothing_ambiguous: 'Nothing inside the interval was spent for an unknown outcome; what was metered does not come back.',
  settles_by_hold: 'The source settles by hold: its giver wants nothing given back.',
};

const busy = new Set<string>();

/**
 * Compares a closed interval with the provider's export: archived by its hash, written in the audit log, then posted.
 * @throws INPUT_INVALID, NOT_FOUND, STATE_INVALID, TAMPERED
 */
export async function reconcileSource(daemon: Daemon, id: string, input: ReconcileInput): Promise<ReconciliationView> {
  const { row, account } = await findSource(daemon, id);
  refuseFinal(account);
  if (busy.has(id)) throw new TallyError('STATE_INVALID', 'This source is being reconciled now.');
  busy.add(id);
  try {
    const question = await questionOf(daemon, row, input);
    const judged = await daemon.ledger.reconcile({ ...question.request, returnMax: AMOUNT_MAX }, true);
    if (input.dryRun) return { ...resultView(judged), dry_run: true, consent: askedOf(daemon, question, judged) };
    refuseUnagreed(question, judged);
    if (input.resume) await readyToResume(daemon, id);
    await archiveExport(daemon.config, input.export);
    const result = await announceAndReconcile(daemon, question.request);
    const { providerTotal, ours } = result.reconciliation;
    daemon.metrics.reconciliation.set(Number(providerTotal - ours));
    await daemon.checkpoint();
    return { ...resultView(result), dry_run: false, consent: null };
  } finally {
    busy.delete(id);
  }
}

/** @throws NOT_FOUND */
export async function listReconciliations(daemon: Daemon, id: string): Promise<readonly ReconciliationView[]> {
  await findSource(daemon, id);
  return (await daemon.ledger.reconciliations(id)).map(view);
}

type Question = { readonly request: ReconcileRequest; readonly donor: string | null };

async function questionOf(daemon: Daemon, row: SourceRow, input: ReconcileInput): Promise<Question> {
  const { vault, ledger, config, domain } = daemon;
  const { from, to, keyRef, resume } = input;
  const format = formatOf(row, input.format);
  const providerTotal = readUsageExport(format, textOf(input.export), { from, to, source: row.id, keyRef });
  const earlier = (await ledger.reconciliations(row.id)).find((one) => one.keyRef !== '' && keyRef !== '' && one.keyRef !== keyRef);
  if (earlier !== undefined) {
    throw new TallyError('INPUT_INVALID', `This source’s key was ${earlier.keyRef} at the provider before: a source has one key.`, {
      field: 'key_id',
    });
  }
  const exportHash = hashExport(input.export);
  const donor = donorOf(vault, row.id);
  const returnMax = allowedBy(donor, input.consent, { id: row.id, from, to, exportHash: `0x${exportHash}` }, domain);
  const sandbox = row.mode === 1;
  const lagMs = sandbox ? 0 : config.TALLY_RECONCILE_LAG_MS;
  const consent = donor === null ? '' : (input.consent?.signature ?? '');
  const edgeMs = sandbox ? 0 : EDGE_MS;
  const request = { sourceId: row.id, from, to, providerTotal, exportHash, keyRef, consent, returnMax, lagMs, edgeMs, resume };
  return { request, donor };
}

/** A provider that has a report of its own may also be taken at a plain total, which the operator then answers for. */
function formatOf({ provider }: SourceRow, asked: ExportFormat | null): ExportFormat {
  const own = provider === 'openai' || provider === 'anthropic' || provider === 'google' ? provider : 'plain';
  const format = asked ?? own;
  if (format === own || format === 'plain' || provider === 'openai-compatible') return format;
  throw new TallyError('INPUT_INVALID', `format: a source of provider ${provider} has no export in the shape of ${format}.`, {
    field: 'format',
  });
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TallyError('INPUT_INVALID', 'The provider’s export is refused: it is not UTF-8.', { field: 'export' });
  }
}

/** An interval is reconciled once: to do it without the donor would lose the donor's tokens for good. */
function refuseUnagreed({ request, donor }: Question, { reconciliation }: ReconcileResult): void {
  if (donor === null || request.consent !== '' || reconciliation.returned === 0n) return;
  throw new TallyError(
    'INPUT_INVALID',
    `${reconciliation.returned} tokens would come back to a donated key, which needs its donor’s consent: a dry run shows what to sign.`,
    { field: 'consent', amount: String(reconciliation.returned) },
  );
}

function askedOf({ domain }: Daemon, { request, donor }: Question, { reconciliation }: ReconcileResult): ReconciliationView | null {
  const { sourceId: id, from, to, exportHash } = request;
  if (donor === null || reconciliation.returned === 0n) return null;
  const terms = { id, from, to, amount: reconciliation.returned, exportHash: `0x${exportHash}` as Hex };
  return consentRequest(donor, terms, domain);
}

async function readyToResume(daemon: Daemon, id: string): Promise<void> {
  const { account } = await findSource(daemon, id);
  await lowerToSeal(daemon, account);
}

function resultView({ reconciliation, notReturned, resumed }: ReconcileResult): ReconciliationView {
  return { ...view(reconciliation), not_returned: notReturned, why: notReturned === null ? null : WHY[notReturned], resumed };
}

function view(r: Reconciliation): ReconciliationView {
  return {
    source: r.sourceId,
    kind: r.kind,
    from: r.from,
    to: r.to,
    provider_total: String(r.providerTotal),
    ours: String(r.ours),
    edge: String(r.edge),
    reported: String(r.reported),
    ambiguous: String(r.ambiguous),
    returned: String(r.returned),
    added: String(r.added),
    export: r.exportHash === '' ? null : r.exportHash,
    key_id: r.keyRef === '' ? null : r.keyRef,
    at: r.at,
  };
}
