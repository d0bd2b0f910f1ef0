import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOfSecretKey, type Domain, fromHex, type Hex, signDigest } from '@tallystick/core';
import { type ManualClock, manualClock } from '#ground/clock';
import { randomHex, uuidv7 } from '#ground/ids';
import type { Log } from '#ground/log';
import { gateAccount, type Ledger, type NewAccount, openSqliteLedger, POOL_GATE, type SourceRow } from '#ledger';
import { openVault, type Vault } from '#vault';
import type { DonationDeps, Probed } from './donations/deps.ts';
import { Donations } from './donations/donations.ts';
import { type Gift, readGift } from './donations/input.ts';
import { Providers } from './donations/providers.ts';
import type { Donor } from './donors/donor.ts';

/** Helpers of this room's tests: a real ledger and a real vault in a folder of their own, and the app's parts of it played. */
export const DOMAIN: Domain = { chainId: 31337n, verifyingContract: `0x${'c0'.repeat(20)}` };
const SIGNER = fromHex(`0x${'42'.repeat(32)}`);
const RECEIPT = 'ab'.repeat(16);
const PROVIDERS = new Providers(
  { openai: 'https://o.test/v1', anthropic: 'https://a.test/v1', google: 'https://g.test', sandbox: 'sandbox:' },
  null,
);

export const WORKS: Probed = { result: 'works', receiptId: RECEIPT };
export const REFUSED: Probed = { result: 'refused', receiptId: RECEIPT };
export const unclear = (why = 'UPSTREAM_TIMEOUT'): Probed => ({ result: 'unclear', why, receiptId: null });

/** Where a step is made to fail, as a crash there would. */
export type Step = 'audit adding' | 'seal' | 'add source' | 'serve' | 'checkpoint' | 'shred' | 'set state';
export class Crash extends Error {}

type Scene = {
  readonly served: Set<string>;
  /** Each call that tried a key, with what its account could spend then. */
  readonly probes: { readonly sourceId: string; readonly limit: bigint }[];
  readonly state: { crashAt: Step | null; probe: (sourceId: string) => Promise<Probed> | Probed };
};

export type World = Awaited<ReturnType<typeof openWorld>>;

/** One process over a folder, which can be killed and started again. */
export async function openWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'tally-pool-'));
  const clock = manualClock();
  const scene: Scene = { served: new Set(), probes: [], state: { crashAt: null, probe: () => WORKS } };
  let opened = await open(folder, clock);
  let donations = new Donations(depsOf(opened, clock, scene));
  const close = async () => {
    await donations.stop();
    await opened.ledger.close();
    await opened.vault.close();
  };
  return {
    folder,
    clock,
    ...scene,
    get donations() {
      return donations;
    },
    get ledger() {
      return opened.ledger;
    },
    get vault() {
      return opened.vault;
    },
    async restart(): Promise<Donations> {
      scene.state.crashAt = null;
      await close();
      scene.served.clear();
      opened = await open(folder, clock);
      // What the app does at a start with a sealed key whose source was never added.
      const known = new Set((await opened.ledger.sources()).map(({ id }) => id));
      for (const { id } of opened.vault.list()) if (!known.has(id)) await opened.vault.shred(id, 'its source was never added');
      donations = new Donations(depsOf(opened, clock, scene));
      return donations;
    },
    async close(): Promise<void> {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function depsOf(opened: Opened, clock: ManualClock, { served, probes, state }: Scene): DonationDeps {
  const { vault, ledger } = opened;
  const crash = (step: Step) => {
    if (state.crashAt === step) throw new Crash(step);
  };
  const shred: Vault['shred'] = async (id, reason) => {
    crash('shred');
    await vault.shred(id, reason);
  };
  const setState: Ledger['setState'] = async (...args) => {
    await ledger.setState(...args);
    crash('set state');
  };
  return {
    ledger: { ...ledger, setState },
    vault: new Proxy(vault, { get: (target, name) => (name === 'shred' ? shred : bound(target, name as keyof Vault)) }),
    clock,
    log: SILENT,
    domain: DOMAIN,
    isShared: false,
    areLatest: () => true,
    providers: PROVIDERS,
    sources: {
      add: (row, accounts, donor, secret) => add(opened, { row, accounts, donor, secret }, crash, served),
      remove: async (id) => {
        served.delete(id);
      },
    },
    probe: async (sourceId) => {
      probes.push({ sourceId, limit: (await ledger.account(sourceId))?.limit ?? 0n });
      return state.probe(sourceId);
    },
    sign: (digest: Hex) => ({ signature: signDigest(digest, SIGNER), signer: addressOfSecretKey(SIGNER) }),
    checkpoint: async () => crash('checkpoint'),
  };
}

type Opened = { readonly ledger: Ledger; readonly vault: Vault };

async function open(folder: string, clock: ManualClock): Promise<Opened> {
  const vault = await openVault({
    dir: join(folder, 'vault'),
    slotDir: join(folder, 'slots'),
    master: Buffer.alloc(32, 7),
    shredMode: 'shreddable',
    clock,
    domain: DOMAIN,
  });
  const keys = { ticketKey: Buffer.alloc(32, 1), chainKey: Buffer.alloc(32, 2) };
  const place = { file: join(folder, 'ledger.db'), bookId: 'book-1', laneId: `0x${'a'.repeat(64)}` } as const;
  const { ledger } = await openSqliteLedger({ ...place, ...keys, clock });
  if ((await ledger.account(POOL_GATE)) === null) await ledger.openAccount(gateAccount(POOL_GATE));
  return { ledger, vault };
}

type Adding = { readonly row: SourceRow; readonly accounts: readonly NewAccount[]; readonly donor: string; readonly secret: Buffer };

async function add({ vault, ledger }: Opened, { row, accounts, donor, secret }: Adding, crash: (step: Step) => void, served: Set<string>) {
  const [own] = accounts;
  crash('audit adding');
  crash('seal');
  await vault.seal(
    { id: row.id, provider: row.provider, donor, ceiling: own?.ceiling ?? 0n, expiry: own?.expiresAt ?? 0, epoch: 1 },
    secret,
  );
  crash('add source');
  await ledger.addSource(row, accounts);
  crash('serve');
  served.add(row.id);
}

function bound(target: Vault, name: keyof Vault): unknown {
  const value = target[name];
  return typeof value === 'function' ? value.bind(target) : value;
}

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let keys = 0;
/** A gift of the sandbox's, with a key of its own. */
export function giftOf(world: World, more: Readonly<Record<string, unknown>> = {}): Gift {
  keys += 1;
  const body = { provider: 'sandbox', api_key: `sk-test-key-${keys}`, donated_tokens: 1000, ...more };
  return readGift(body, PROVIDERS, world.clock.wallMs());
}

/** An account's token, and who it is. */
export async function newDonor(
  world: World,
): Promise<{ readonly donor: Donor; readonly credentials: { readonly token: string; readonly wallet: null } }> {
  const { donor, token } = await world.donations.accounts.create('a donor');
  return { donor, credentials: { token, wallet: null } };
}

/** A call on a donation that is settled at so many tokens, or whose outcome is never known. */
export async function spend(world: World, sourceId: string, held: bigint, used: bigint | 'burned'): Promise<void> {
  const { ledger, clock } = world;
  const keyId = 'key-of-a-task';
  if ((await ledger.account(keyId)) === null) {
    const limit = 2n ** 60n;
    await ledger.openAccount({ id: keyId, kind: 'key', tenantId: 'pool', asset: 'tokens', ceiling: limit, limit });
  }
  const holdId = uuidv7(clock.wallMs());
  const hash: Hex = `0x${'00'.repeat(32)}`;
  const placed = await ledger.hold({
    holdId,
    callId: uuidv7(clock.wallMs()),
    attempt: 1,
    sourceId,
    keyId,
    tenantId: 'pool',
    lines: [
      { accountId: sourceId, amount: held },
      { accountId: keyId, amount: held },
    ],
    nonce: randomHex(16),
    receiptId: randomHex(16),
    mode: 1,
    proof: 'exact',
    tariffId: hash,
    factsVersion: 'test',
    tenantHash: hash,
    sourceHash: hash,
    providerHash: hash,
    requestHash: hash,
    detail: {},
  });
  if (placed.result !== 'created')
    throw new Error(`not held: ${JSON.stringify(placed, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`);
  const end = { lines: [], credits: 0n, endedAt: clock.wallMs(), responseHash: hash, detail: {} };
  if (used === 'burned') await ledger.settle({ holdId, outcome: 'burned', tokens: 0n, ...end });
  else await ledger.settle({ holdId, outcome: 'metered', tokens: used, ...end });
}
