import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Domain, type Hex, type LaneKey, laneId, placeholderDomain, TallyError } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import type { Config } from '#ground/config';
import { GrantClock } from '#ground/grant-clock';
import { lockFile } from '#ground/sqlite';
import { type BooksAt, importToPostgres, type Ledger, openPostgresLedger, openSqliteLedger, type Trouble, type WriterHub } from '#ledger';
import { loadMaster, openVault, PERMIT_KEY_PURPOSE, type Vault } from '#vault';
import { archiveFolder } from './archive.ts';
import { placeOfBooks } from './books-place.ts';
import { hostId } from './host-id.ts';

/** The two stores that everything rests on, opened together under one lock. */
export type Books = {
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** The time by which things begin that nobody may have early. */
  readonly grant: GrantClock;
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
  /** Joins workers to the ledger's writer; absent where this process serves the callers itself. */
  readonly hub: WriterHub | undefined;
  close(): Promise<void>;
};

const BOOK_ID = 'local-0';
/** Processes that may write the same books at a time, each in a lane of its own. */
const LANES = 64;

export type OpenOptions = {
  readonly hub?: WriterHub;
  /** A file of books that a database, which must be empty, is filled with first. */
  readonly importing?: string;
  /** Told when the database goes away, and when it is back. */
  readonly onTrouble?: (trouble: Trouble) => void;
};

/** @throws DATA_LOCKED, MASTER_KEY_INVALID, TAMPERED, CONFIG_INVALID, LEDGER_UNAVAILABLE, BACKUP_INVALID */
export async function openBooks(
  config: Config,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
  more: OpenOptions = {},
): Promise<Books> {
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
    return await open(config, env, stdin, lock, more);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Without a chain the domain is a placeholder, salted by this installation: its receipts can never settle. */
function domainOf(derive: (purpose: string) => Buffer): Domain {
  return placeholderDomain(`0x${derive('genesis').toString('hex')}`);
}

async function open(
  config: Config,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
  lock: { release(): void },
  { hub, importing, onTrouble = () => {} }: OpenOptions,
): Promise<Books> {
  const dir = config.TALLY_DATA_DIR;
  const clock = systemClock;
  const at = await placeOfBooks(config, BOOK_ID);
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
    domain: domainOf,
  });
  master.fill(0);
  try {
    const hex = (purpose: string): Hex => `0x${vault.derive(purpose).toString('hex')}`;
    const domain = domainOf((purpose) => vault.derive(purpose));
    const laneKeys = Array.from({ length: LANES }, (_, index): LaneKey => ({ gatewayId: hex('gateway-id'), index }));
    const laneIds = laneKeys.map((key) => laneId(domain, key));
    const shared = { ticketKey: vault.derive(PERMIT_KEY_PURPOSE), chainKey: vault.derive('ledger-chain'), clock, bookId: BOOK_ID };
    if (importing !== undefined && 'url' in at)
      await importToPostgres({ ...shared, url: at.url, file: importing, laneIds, now: clock.wallMs() });
    const grant = new GrantClock(clock, vault.grantTime());
    const grantMs = () => grant.now();
    const options = { ...shared, grantMs, archiveFolder: archiveFolder(config), ...(hub === undefined ? {} : { hub }) };
    const { ledger, findings, burned, laneIndex } =
      'url' in at
        ? await openPostgresLedger({ ...options, url: at.url, hostId: await hostId(config.TALLY_SLOT_DIR), laneIds, onTrouble })
        : { ...(await openSqliteLedger({ ...options, file: at.file, laneId: laneIds[0] as Hex })), laneIndex: 0 };
    vault.acceptEpoch(ledger.epoch);
    const lane = laneKeys[laneIndex] as LaneKey;
    const laneOf = (id: Hex) => laneKeys[laneIds.indexOf(id)] ?? null;
    const close = async () => {
      await ledger.close();
      await vault.close();
      lock.release();
    };
    return { vault, ledger, clock, grant, domain, lane, laneOf, at, isShared: 'url' in at, bookId: BOOK_ID, findings, burned, hub, close };
  } catch (error) {
    await vault.close();
    throw error;
  }
}
