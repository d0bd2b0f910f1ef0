import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Domain, type Hex, type LaneKey, laneId, placeholderDomain, TallyError } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import type { Config } from '#ground/config';
import { lockFile } from '#ground/sqlite';
import { type Ledger, openSqliteLedger, type WriterHub } from '#ledger';
import { loadMaster, openVault, PERMIT_KEY_PURPOSE, type Vault } from '#vault';

/** The two stores that everything rests on, opened together under one lock. */
export type Books = {
  readonly vault: Vault;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Where the books are, for threads that read them by themselves. */
  readonly file: string;
  readonly bookId: string;
  readonly domain: Domain;
  readonly lane: LaneKey;
  /** Findings of the ledger's own checks at opening. */
  readonly findings: readonly string[];
  /** Calls that a crash had left open: ended at this opening, their holds spent. */
  readonly burned: number;
  /** Joins workers to the ledger's writer; absent where this process serves the callers itself. */
  readonly hub: WriterHub | undefined;
  close(): Promise<void>;
};

const BOOK_ID = 'local-0';

/** @throws DATA_LOCKED, MASTER_KEY_INVALID, TAMPERED */
export async function openBooks(
  config: Config,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
  hub?: WriterHub,
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
    return await open(config, env, stdin, lock, hub);
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
  hub: WriterHub | undefined,
): Promise<Books> {
  const dir = config.TALLY_DATA_DIR;
  const clock = systemClock;
  const file = join(dir, 'ledger.db');
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
    const lane: LaneKey = { gatewayId: hex('gateway-id'), index: 0 };
    const { ledger, findings, burned } = await openSqliteLedger({
      file,
      bookId: BOOK_ID,
      laneId: laneId(domain, lane),
      ticketKey: vault.derive(PERMIT_KEY_PURPOSE),
      chainKey: vault.derive('ledger-chain'),
      clock,
      ...(hub === undefined ? {} : { hub }),
    });
    vault.acceptEpoch(ledger.epoch);
    const close = async () => {
      await ledger.close();
      await vault.close();
      lock.release();
    };
    return { vault, ledger, clock, domain, lane, file, bookId: BOOK_ID, findings, burned, hub, close };
  } catch (error) {
    await vault.close();
    throw error;
  }
}
