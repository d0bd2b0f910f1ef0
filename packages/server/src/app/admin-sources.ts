import { TallyError } from '@tallystick/core';
import { uuidv7 } from '#ground/ids';
import { type Account, type AccountState, type NewAccount, NOT_DONATED, type SourceRow } from '#ledger';
import type { SourceInput } from './admin-input.ts';
import { RECONCILE } from './anchor.ts';
import type { Daemon } from './daemon.ts';
import { isHere } from './follow-source.ts';
import { sealAndAdd } from './seal-and-add.ts';
import { unlikeSealed } from './source-seal.ts';

/** A source as the operator sees it: never its secret. */
export type SourceView = Readonly<Record<string, unknown>>;

export async function addSource(daemon: Daemon, input: SourceInput): Promise<SourceView> {
  const { clock } = daemon;
  const id = uuidv7(clock.wallMs());
  const now = clock.wallMs();
  if (input.expires_at !== undefined && input.expires_at <= now)
    throw new TallyError('INPUT_INVALID', 'expires_at: is in the past.', { field: 'expires_at' });
  const row: SourceRow = {
    id,
    name: input.name,
    provider: input.provider,
    baseUrl: input.base_url.replace(/\/+$/, ''),
    mode: input.provider === 'sandbox' ? 1 : 0,
    settle: input.settle,
    countConsent: input.count_consent,
    models: JSON.stringify(input.models),
    tariff: JSON.stringify(input.tariff),
    createdAt: now,
    ...NOT_DONATED,
  };
  const account: NewAccount = {
    id,
    kind: 'source',
    tenantId: 'operator',
    asset: 'tokens',
    ceiling: input.cap,
    limit: input.cap,
    ...(input.expires_at === undefined ? {} : { expiresAt: input.expires_at }),
  };
  await sealAndAdd(daemon, { row, accounts: [account], donor: 'operator', secret: Buffer.from(input.api_key, 'latin1') });
  return showSource(daemon, id);
}

export async function listSources(daemon: Daemon): Promise<readonly SourceView[]> {
  const [rows, accounts] = await Promise.all([daemon.ledger.sources(), daemon.ledger.accounts('source')]);
  const byId = new Map(accounts.map((account) => [account.id, account]));
  return rows.flatMap((row) => {
    const account = byId.get(row.id);
    return account === undefined ? [] : [view(daemon, row, account)];
  });
}

/** @throws NOT_FOUND */
export async function showSource(daemon: Daemon, id: string): Promise<SourceView> {
  const { row, account } = await findSource(daemon, id);
  return view(daemon, row, account);
}

/**
 * The vault's word first, the ledger's after it: what is sealed is never above what the books say. Where several hosts lower it at once the
 * lowest stands, and each lowers its own seal to what the books then say. @throws LIMIT_INVALID
 */
export async function limitSource(daemon: Daemon, id: string, limit: bigint): Promise<SourceView> {
  const { account, row } = await findSource(daemon, id);
  refuseFinal(account);
  refuseDonated(row);
  const sealed = isElsewhere(daemon, id) ? null : daemon.vault.limits(id);
  const now = sealed !== null && sealed.limit < account.limit ? sealed.limit : account.limit;
  if (limit >= now) {
    throw new TallyError('LIMIT_INVALID', `The limit is ${now} now and can only be lowered; raising it is a new source.`, {
      field: 'limit',
    });
  }
  if (sealed === null) await daemon.vault.audit('source.limited', id, { limit: String(limit) });
  else await daemon.vault.changeLimit({ id, seq: sealed.seq + 1, limit, expiry: 0 });
  await daemon.ledger.lowerLimit(id, limit, sealed === null ? 'on another host than its secret’s' : `change ${sealed.seq + 1}`);
  await daemon.checkpoint();
  return showSource(daemon, id);
}

/** In shared books: another host may have the secret, this one never did. */
function isElsewhere({ vault, isShared }: Daemon, id: string): boolean {
  return isShared && !isHere(vault, id);
}

/** Pause, or resume what is paused; a frozen source is only resumed with the provider's own total. */
export async function setSourceState(
  daemon: Daemon,
  id: string,
  state: 'active' | 'paused',
  reason: string,
  reconciledTotal?: bigint,
): Promise<SourceView> {
  const { account, row } = await findSource(daemon, id);
  refuseFinal(account);
  if (account.state !== 'frozen') refuseDonated(row);
  if (account.state === 'frozen' && state === 'active' && reconciledTotal === undefined) {
    throw new TallyError(
      'STATE_INVALID',
      `The source is frozen (${account.stateReason ?? RECONCILE}). Look up at the provider how many tokens this key has used and give that as reconciled_total.`,
      { state: account.state },
    );
  }
  if (state === 'active') await lowerToSeal(daemon, account);
  await daemon.vault.audit(`source.${state === 'active' ? 'resumed' : 'paused'}`, id, {
    reason,
    ...(reconciledTotal === undefined ? {} : { reconciled_total: String(reconciledTotal) }),
  });
  await daemon.ledger.setState(id, state as AccountState, reason, reconciledTotal);
  // Its donor may have paused it meanwhile.
  if (row.pool) await daemon.pool.donations.check(id);
  await daemon.checkpoint();
  return showSource(daemon, id);
}

/** What was frozen may have lost its secret, or come from books that allow more than the seal does: it never goes on with that. */
export async function lowerToSeal(daemon: Daemon, account: Account): Promise<void> {
  const { vault, ledger } = daemon;
  if (!vault.has(account.id)) {
    throw new TallyError(
      'STATE_INVALID',
      isElsewhere(daemon, account.id)
        ? 'The source’s secret is not on this host: do this on one that has it, or attach its key here (`tally source attach`).'
        : 'The source’s secret is not here (its slot or its record is missing): destroy this source and add its key as a new one.',
      { state: account.state },
    );
  }
  const sealed = vault.limits(account.id);
  if (unlikeSealed(vault, await ledger.sources()).has(account.id))
    throw new TallyError('STATE_INVALID', 'The books describe this source otherwise than its seal does. Destroy it, and add it anew.');
  if (account.ceiling !== sealed.ceiling)
    throw new TallyError('STATE_INVALID', 'The books name another cap than the seal of this source. Destroy it, and add it anew.');
  if (account.limit > sealed.limit) await ledger.lowerLimit(account.id, sealed.limit, 'as sealed');
}

/** The books first, so that no new hold can be placed; then connections; then the secret. */
export async function destroySource(daemon: Daemon, id: string, reason: string): Promise<SourceView> {
  const { account } = await findSource(daemon, id);
  if (account.state !== 'destroyed') {
    await daemon.ledger.setState(id, 'destroyed', reason);
    await daemon.front.sources.remove(id);
  }
  // Hosts that have copies of their own follow within a second.
  if (!isElsewhere(daemon, id)) await daemon.vault.shred(id, reason);
  await daemon.checkpoint();
  return showSource(daemon, id);
}

/** @throws NOT_FOUND */
export async function findSource(daemon: Daemon, id: string): Promise<{ row: SourceRow; account: Account }> {
  const row = (await daemon.ledger.sources()).find((source) => source.id === id);
  const account = await daemon.ledger.account(id);
  if (row === undefined || account === null) throw new TallyError('NOT_FOUND', 'There is no source with this id.');
  return { row, account };
}

/** What a donation may spend, and whether, is said where its donor and the operator can both see it. @throws STATE_INVALID */
function refuseDonated({ id, pool }: SourceRow): void {
  if (!pool) return;
  throw new TallyError('STATE_INVALID', `This source was donated: use POST /api/ai-pool/donations/${id}/pause, /resume or /destroy.`, {
    id,
  });
}

export function refuseFinal(account: Account): void {
  if (account.state === 'destroyed' || account.state === 'revoked')
    throw new TallyError('STATE_INVALID', `The source is ${account.state}; that is final.`, { state: account.state });
}

/** Of this host: other hosts may have copies of their own. */
function secretOf(daemon: Daemon, { id, state }: Account): 'sealed' | 'destroyed' | 'elsewhere' | 'missing' {
  if (daemon.vault.has(id)) return 'sealed';
  if (state === 'destroyed') return 'destroyed';
  return isElsewhere(daemon, id) ? 'elsewhere' : 'missing';
}

function view(daemon: Daemon, row: SourceRow, account: Account): SourceView {
  const left = account.limit - account.held - account.spent - account.overrun;
  return {
    id: row.id,
    name: row.name,
    provider: row.provider,
    base_url: row.baseUrl,
    sandbox: row.mode === 1,
    pool: row.pool,
    settle: row.settle,
    count_consent: row.countConsent,
    state: account.state,
    state_reason: account.stateReason,
    ceiling: String(account.ceiling),
    limit: String(account.limit),
    held: String(account.held),
    spent: String(account.spent),
    overrun: String(account.overrun),
    left: String(left > 0n ? left : 0n),
    expires_at: account.expiresAt,
    created_at: row.createdAt,
    secret: secretOf(daemon, account),
    destruction: daemon.vault.mode,
  };
}
