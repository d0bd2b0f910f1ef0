import { AMOUNT_MAX, TallyError } from '@tallystick/core';
import { randomToken, uuidv7 } from '#ground/ids';
import type { Account, KeyRow, NewAccount } from '#ledger';
import type { KeyInput } from './admin-input.ts';
import { dropReplays } from './chores.ts';
import type { Daemon } from './daemon.ts';

export type KeyView = Readonly<Record<string, unknown>>;

/** @returns the key's view and the key itself: the only time that it is shown. */
export async function createKey(daemon: Daemon, input: KeyInput): Promise<KeyView & { readonly virtual_key: string }> {
  const { ledger, front, vault, clock } = daemon;
  const now = clock.wallMs();
  const known = new Set((await ledger.sources()).filter(({ pool }) => !pool).map(({ id }) => id));
  const unknown = input.sources?.find((id) => !known.has(id));
  if (unknown !== undefined) throw new TallyError('INPUT_INVALID', 'sources: names a source that does not exist.', { field: 'sources' });
  if (input.expires_at !== undefined && input.expires_at <= now)
    throw new TallyError('INPUT_INVALID', 'expires_at: is in the past.', { field: 'expires_at' });
  const secret = `tk_${randomToken(32)}`;
  const id = uuidv7(now);
  const creditAccountId = input.credits === undefined ? null : uuidv7(now);
  const row: KeyRow = {
    id,
    name: input.name,
    tenantId: input.tenant,
    hash: front.principals.hash(secret),
    hint: `${secret.slice(0, 7)}…`,
    creditAccountId,
    sources: input.sources ?? null,
    createdAt: now,
    expiresAt: input.expires_at ?? null,
    replayS: input.replay_s,
    use: 'calls',
  };
  const expires = input.expires_at === undefined ? {} : { expiresAt: input.expires_at };
  const limit = input.limit ?? AMOUNT_MAX;
  const accounts: NewAccount[] = [{ id, kind: 'key', tenantId: input.tenant, asset: 'tokens', ceiling: limit, limit, ...expires }];
  if (creditAccountId !== null && input.credits !== undefined) {
    accounts.push({
      id: creditAccountId,
      kind: 'key',
      tenantId: input.tenant,
      asset: 'credits',
      ceiling: input.credits,
      limit: input.credits,
      parent: id,
      ...expires,
    });
  }
  await vault.audit('key.created', id, { name: input.name, hint: row.hint, tenant: input.tenant });
  await ledger.addKey(row, accounts);
  await front.principals.add(row);
  await daemon.checkpoint();
  return { ...(await show(daemon, row)), virtual_key: secret };
}

export async function listKeys(daemon: Daemon): Promise<readonly KeyView[]> {
  const [rows, accounts] = await Promise.all([daemon.ledger.keys(), daemon.ledger.accounts('key')]);
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const now = daemon.clock.wallMs();
  return rows.map((row) => view(row, byId.get(row.id) ?? null, byId.get(row.creditAccountId ?? '') ?? null, now));
}

/** Takes effect with the next hold: revocation is a predicate of the hold's own statement. @throws NOT_FOUND */
export async function revokeKey(daemon: Daemon, id: string, reason: string): Promise<KeyView> {
  const row = (await daemon.ledger.keys()).find((key) => key.id === id);
  if (row === undefined) throw new TallyError('NOT_FOUND', 'There is no virtual key with this id.');
  await daemon.vault.audit('key.revoked', id, { reason });
  const account = await daemon.ledger.account(id);
  if (account?.state !== 'revoked') await daemon.ledger.setState(id, 'revoked', reason);
  await dropReplays(daemon.ledger, daemon.log);
  await daemon.checkpoint();
  return show(daemon, row);
}

async function show({ ledger, clock }: Daemon, row: KeyRow): Promise<KeyView> {
  const credits = row.creditAccountId === null ? null : await ledger.account(row.creditAccountId);
  return view(row, await ledger.account(row.id), credits, clock.wallMs());
}

function view(row: KeyRow, account: Account | null, credits: Account | null, now: number): KeyView {
  const unlimited = account !== null && account.ceiling === AMOUNT_MAX;
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenantId,
    hint: row.hint,
    state: account?.state === 'active' && row.expiresAt !== null && row.expiresAt <= now ? 'expired' : (account?.state ?? 'unknown'),
    limit: account === null || unlimited ? null : String(account.limit),
    held: String(account?.held ?? 0n),
    spent: String(account?.spent ?? 0n),
    // Base units: one credit is 1,000,000 of them.
    credits: credits === null ? null : { limit: String(credits.limit), held: String(credits.held), spent: String(credits.spent) },
    sources: row.sources,
    created_at: row.createdAt,
    expires_at: row.expiresAt,
    replay_s: row.replayS,
    use: row.use,
  };
}
