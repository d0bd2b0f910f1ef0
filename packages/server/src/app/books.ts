import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Domain, type Hex, type LaneKey, laneId, placeholderDomain, TallyError } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import type { Config } from '#ground/config';
import { lockFile } from '#ground/sqlite';
import { type BooksAt, type Ledger, openPostgresLedger, openSqliteLedger } from '#ledger';
import { loadMaster, openVault, PERMIT_KEY_PURPOSE, type Vault } from '#vault';
import { archiveFolder } from './archive.ts';
import { hostId } from './host-id.ts';

/** The two stores that everything rests on, opened together under one lock. */
export type Books = {
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Where the books are, for threads that read them by themselves. */
  readonly at: BooksAt;
  readonly bookId: string;
  readonly domain: Domain;
  /** The lane that this process writes. */
  readonly lane: LaneKey;
  /** The lane of a receipt that any process of this gateway wrote; null where it is none of ours. */
  readonly laneOf: (id: Hex) => LaneKey | null;
  /** Other hosts may have these books open too: what is not here may be there. */
  readonly isShared: boolean;
  /** Findings of the ledger's own checks at opening. */
  readonly findings: readonly string[];
  /** Calls that a crash had left open: ended at this opening, their holds spent. */
  readonly burned: number;
  close(): Promise<void>;
};

const BOOK_ID = 'local-0';
/** Processes that may write the same books at a time, each in a lane of its own. */
const LANES = 64;

/** @throws DATA_LOCKED, MASTER_KEY_INVALID, TAMPERED */
export async function openBooks(config: Config, env: NodeJS.ProcessEnv, stdin: NodeJS.ReadableStream | null): Promise<Books> {
  const dir = config.TALLY_DATA_DIR;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new TallyError(
      'CONFIG_INVALID',
      `TALLY_DATA_DIR: the folder cannot be made (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      { setting: 'TALLY_DATA_DIR' },
    );
  }
  const lock = lockFile(join(dir, 'data.lock'));
  try {
    return await open(config, env, stdin, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function open(
  config: Config,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
  lock: { release(): void },
): Promise<Books> {
  const dir = config.TALLY_DATA_DIR;
  const clock = systemClock;
  const url = config.DATABASE_URL;
  const { master } = await loadMaster({
    file: config.TALLY_MASTER_KEY_FILE,
    env,
    key: config.TALLY_MASTER_KEY,
    ...(stdin === null ? {} : { stdin }),
    mayCreate: !existsSync(join(dir, 'vault')),
  });
  const vault = await openVault({
    dir: join(dir, 'vault'),
    slotDir: config.TALLY_SLOT_DIR,
    master,
    shredMode: config.TALLY_SHRED_MODE,
    clock,
  });
  master.fill(0);
  try {
    const hex = (purpose: string): Hex => `0x${vault.derive(purpose).toString('hex')}`;
    // Without a chain the lane is a placeholder, salted by this installation: its receipts can never settle.
    const domain = placeholderDomain(hex('genesis'));
    const laneKeys = Array.from({ length: LANES }, (_, index): LaneKey => ({ gatewayId: hex('gateway-id'), index }));
    const laneIds = laneKeys.map((key) => laneId(domain, key));
    const keys = { ticketKey: vault.derive(PERMIT_KEY_PURPOSE), chainKey: vault.derive('ledger-chain') };
    const archive = { archiveFolder: archiveFolder(config) };
    const at: BooksAt = url === '' ? { file: join(dir, 'ledger.db') } : { url };
    const { ledger, findings, burned, laneIndex } =
      'url' in at
        ? await openPostgresLedger({
            ...keys,
            ...archive,
            url,
            bookId: BOOK_ID,
            hostId: await hostId(config.TALLY_SLOT_DIR),
            laneIds,
            clock,
          })
        : {
            ...(await openSqliteLedger({ ...keys, ...archive, file: at.file, bookId: BOOK_ID, laneId: laneIds[0] as Hex, clock })),
            laneIndex: 0,
          };
    vault.acceptEpoch(ledger.epoch);
    const lane = laneKeys[laneIndex] as LaneKey;
    const laneOf = (id: Hex) => laneKeys[laneIds.indexOf(id)] ?? null;
    const close = async () => {
      await ledger.close();
      await vault.close();
      lock.release();
    };
    return { vault, ledger, clock, domain, lane, laneOf, at, isShared: url !== '', bookId: BOOK_ID, findings, burned, close };
  } catch (error) {
    await vault.close();
    throw error;
  }
}
