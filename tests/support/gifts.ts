import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Books } from '../../packages/server/src/app/books.ts';
import { openBooks } from '../../packages/server/src/app/books.ts';
import { sealedProvider } from '../../packages/server/src/app/source-seal.ts';
import { Principals } from '../../packages/server/src/gateway/index.ts';
import { loadConfig } from '../../packages/server/src/ground/config.ts';
import { uuidv7 } from '../../packages/server/src/ground/ids.ts';
import { gateAccount, type KeyRow, type KeyUse, POOL_GATE, providerGate, type SourceRow } from '../../packages/server/src/ledger/index.ts';
import { storesOf } from '../../packages/server/src/pool/donations/stores.ts';
import type { Donation } from '../../packages/server/src/pool/index.ts';

const LOCKOUT_MS = 90 * 86_400_000;
export const PART = providerGate('sandbox');

export type Gift = {
  readonly baseUrl: string;
  readonly secret: string;
  readonly cap?: bigint;
  readonly countConsent?: boolean;
  /** How long it may be at work, ms. */
  readonly ms?: bigint;
};

/** The books of a daemon that is stopped, for what no route of the operator's does. */
export async function inBooks<T>(dir: string, use: (books: Books) => Promise<T>): Promise<T> {
  const config = loadConfig({ TALLY_DATA_DIR: join(dir, 'data') }, dir);
  const books = await openBooks(config, {}, null);
  try {
    return await use(books);
  } finally {
    await books.close();
  }
}

/** The gates of the pool. @param opensAt of the first of them, Unix ms. */
export async function openGates({ ledger }: Books, opensAt?: number): Promise<void> {
  // A daemon's first start makes the first gate, at the end of its lockout.
  if ((await ledger.account(POOL_GATE)) === null) await ledger.openAccount(gateAccount(POOL_GATE, opensAt));
  // A donation has its provider's gate made.
  if ((await ledger.account(PART)) === null) await ledger.openAccount(gateAccount(PART));
}

/** The launch that goes with gates that open then, or long ago: a daemon moves its own gate to the end of its lockout. */
export function launchOf(opensAt?: number): Readonly<Record<string, string>> {
  return { TALLY_POOL_LAUNCH: opensAt === undefined ? '2020-01-01' : String(opensAt - LOCKOUT_MS) };
}

/** A donated sandbox key behind the gates. @returns its id. */
export async function give({ vault, ledger, clock }: Books, gift: Gift): Promise<string> {
  const now = clock.wallMs();
  const id = uuidv7(now);
  const cap = gift.cap ?? 100_000n;
  const minutesAccountId = gift.ms === undefined ? null : uuidv7(now);
  const row: SourceRow = {
    ...{
      id,
      name: 'gift',
      provider: 'sandbox',
      baseUrl: gift.baseUrl,
      mode: 1,
      settle: 'metered',
      models: '{}',
      tariff: '[]',
      createdAt: now,
    },
    ...{ countConsent: gift.countConsent ?? false, pool: true, groups: [POOL_GATE, PART], minutesAccountId },
  };
  const donor = `account:${randomUUID()}`;
  await vault.audit('source.adding', id, {});
  await vault.seal({ id, provider: sealedProvider(row), donor, ceiling: cap, expiry: 0, epoch: 1 }, Buffer.from(gift.secret, 'latin1'));
  const whose = { tenantId: 'pool', parent: id };
  await ledger.addSource(row, [
    { id, kind: 'source', tenantId: 'pool', asset: 'tokens', ceiling: cap, limit: cap },
    ...(minutesAccountId === null || gift.ms === undefined
      ? []
      : [{ ...whose, id: minutesAccountId, kind: 'minutes' as const, asset: 'ms' as const, ceiling: gift.ms, limit: gift.ms }]),
  ]);
  await vault.audit('source.added', id, {});
  await ledger.writeRecords([storesOf(ledger).donations.creating(id, donationOf(donor, gift, cap, now), 'active')]);
  return id;
}

/** What a donation says of itself beside its source: a key without one would be destroyed. */
function donationOf(donor: string, { countConsent = false, ms = 0n }: Gift, tokens: bigint, now: number): Donation {
  const terms = { tokens, minutes: Math.ceil(Number(ms) / 60_000), expiry: 0, countConsent, holdSettle: false, keepExhaustedMs: 0 };
  const about = {
    donor,
    label: null,
    anonymous: false,
    provider: 'sandbox',
    host: 'sandbox',
    simulated: true,
    shreddable: true,
    givenAt: now,
  };
  const receipt = { signature: `0x${'00'.repeat(65)}`, signer: `0x${'00'.repeat(20)}` } as const;
  const validation = { attempts: 1, nextAt: now, receiptId: null, unclear: null };
  return {
    ...terms,
    ...about,
    receipt,
    validation,
    keyMac: randomBytes(32).toString('hex'),
    pausedBy: [],
    change: null,
    end: null,
    destruction: null,
  };
}

/** A key of the pool's own, as the pool makes them. */
export async function poolKey({ vault, ledger, clock }: Books, use: KeyUse): Promise<{ readonly id: string; readonly key: string }> {
  const now = clock.wallMs();
  const [id, key] = [uuidv7(now), `tk_${randomBytes(32).toString('base64url')}`];
  const hash = new Principals(vault.derive('key-hash'), vault.derive('pseudonym'), []).hash(key, use);
  const fixed = { creditAccountId: null, sources: null, createdAt: now, expiresAt: null, replayS: 0 };
  const row: KeyRow = { id, name: use, tenantId: 'pool', hash, hint: 'tk_pool', use, ...fixed };
  const limit = 1_000_000n;
  await ledger.addKey(row, [{ id, kind: 'key', tenantId: 'pool', asset: 'tokens', ceiling: limit, limit }]);
  return { id, key };
}
