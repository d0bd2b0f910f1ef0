import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Hex, TallyError } from '@tallystick/core';
import { type Clock, systemClock } from '#ground/clock';
import { openReader } from '#ground/database';
import { Channel, type WriterPort } from './channel.ts';
import { runChore } from './chores.ts';
import type { WriterHub } from './hub.ts';
import { LIMITS } from './limits.ts';
import type { Recovery, Standing, WriterOptions, WriterReply } from './protocol.ts';
import { openReads, type Reads } from './reads.ts';
import type { AccountKind, HoldRequest, HoldResult, KeptReplay, Lane, Ledger } from './types.ts';
import * as check from './validate.ts';

export type SqliteLedgerOptions = {
  /** The database; `<file>.lock` beside it marks the one process that may write. */
  readonly file: string;
  readonly bookId: string;
  readonly laneId: Hex;
  /** Keys the send permits, 32 bytes; the vault has the same. */
  readonly ticketKey: Buffer;
  /** Keys the chains of postings, 32 bytes. */
  readonly chainKey: Buffer;
  readonly clock?: Clock;
  /** Most pages (4 KiB) of the database; 0 = no limit but the disk. */
  readonly pagesMax?: number;
  /** Joins further processes to the writer. */
  readonly hub?: WriterHub;
};

/** `findings`: accounts that did not match their postings, one sentence each; `burned`: open holds of dead epochs that were ended. */
export type OpenedLedger = { readonly ledger: Ledger; readonly findings: readonly string[]; readonly burned: number };

/**
 * Opens the books: takes them for this process, brings the schema up to date, starts an epoch, checks every account against its postings,
 * and burns the open holds of dead epochs. Ready to serve when it resolves.
 * @throws TallyError DATA_LOCKED, STATE_INVALID, CONFIG_INVALID, INPUT_INVALID, LEDGER_UNAVAILABLE
 */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<OpenedLedger> {
  const clock = options.clock ?? systemClock;
  checkOptions(options);
  const { file, bookId, laneId, ticketKey, chainKey, pagesMax = 0 } = options;
  const workerData: WriterOptions = { file, bookId, laneId, ticketKey, chainKey, now: clock.wallMs(), pagesMax };
  const worker = new Worker(new URL('./writer.worker.ts', import.meta.url), { workerData });
  const { epoch, recovery } = await started(worker);
  const channel = new Channel(options.hub?.over(worker as WriterPort) ?? (worker as WriterPort), clock);
  const reads = openReads(openReader(file), bookId);
  const findings = recovery.tampered.map(
    ({ accountId, what }) => `account ${accountId} was changed behind the ledger and is frozen: ${what}`,
  );
  return { ledger: ledgerOf(options, channel, reads, epoch), findings, burned: recovery.burned };
}

function checkOptions(options: SqliteLedgerOptions): void {
  check.checkId(options.bookId, 'bookId');
  check.checkLaneId(options.laneId);
  for (const key of ['ticketKey', 'chainKey'] as const) if (options[key].length !== 32) throw check.invalid(key, 'is not 32 bytes');
}

function started(worker: Worker): Promise<{ epoch: string; recovery: Recovery }> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new TallyError('LEDGER_UNAVAILABLE', 'The books cannot be opened: the writer ended.'));
    worker.once('error', fail);
    worker.once('exit', fail);
    worker.once('message', (reply: WriterReply) => {
      worker.off('error', fail);
      worker.off('exit', fail);
      if (reply.kind === 'ready') resolve(reply);
      else if (reply.kind === 'failed')
        worker.once('exit', () => reject(new TallyError(reply.fault.code, reply.fault.message, reply.fault.facts)));
    });
  });
}

/** A hold goes before settlements that are in no hurry; where what they will free is in its way, they go first after all. */
async function placeHold(channel: Channel, body: HoldRequest): Promise<HoldResult> {
  const behind = channel.waits;
  const placed = await channel.ask<HoldResult>({ kind: 'hold', body });
  if (!behind || placed.result !== 'refused' || placed.refusal.code !== 'CAP_BUSY') return placed;
  channel.hurry();
  return channel.ask<HoldResult>({ kind: 'hold', body });
}

function replaysOf(
  channel: Channel,
  find: (receiptId: string, now: number) => Promise<KeptReplay>,
): Pick<Ledger, 'keepReplay' | 'replay' | 'dropReplays'> {
  return {
    keepReplay: async (replay) => channel.ask({ kind: 'keepReplay', body: check.checkReplay(replay) }),
    replay: async (receiptId, accountIds) => {
      for (const id of [receiptId, ...accountIds]) check.checkId(id, 'id');
      const { refusal, now } = await channel.ask<Standing>({ kind: 'standing', body: { accountIds } });
      return refusal === null ? find(receiptId, now) : { result: 'refused', refusal };
    },
    dropReplays: async () => {
      while ((await channel.ask<number>({ kind: 'dropReplays' })) === LIMITS.replayDropBatch);
    },
  };
}

export function ledgerOf(options: SqliteLedgerOptions, channel: Channel, reads: Reads, epoch: string): Ledger {
  const { file, bookId, laneId } = options;
  let closed = false;
  /** Reads answer from the last commit, or reject as the writer does once closed. */
  const read = async <T>(query: () => T | Promise<T>): Promise<T> => {
    if (closed) throw new TallyError('LEDGER_CLOSED');
    return query();
  };
  return {
    epoch,
    laneId,
    openAccount: async (account) => channel.ask({ kind: 'openAccount', body: check.checkNewAccount(account) }),
    setLimit: async (accountId, limit, ref) => channel.ask({ kind: 'setLimit', body: check.checkLimitChange(accountId, limit, ref) }),
    setState: async (accountId, state, reason, reconciledSpent) => {
      check.checkId(accountId, 'accountId');
      if (!['active', 'paused', 'frozen', 'revoked', 'destroyed'].includes(state)) throw check.invalid('state', 'is not known');
      check.checkText(reason, 'reason');
      if (reconciledSpent !== undefined) check.checkAmount(reconciledSpent, 'reconciledSpent');
      return channel.ask({ kind: 'setState', body: { accountId, state, reason, reconciledSpent } });
    },
    setStop: async (stopped, reason) => {
      check.checkText(reason, 'reason');
      return channel.ask({ kind: 'setStop', body: { stopped, reason } });
    },
    addSource: async (source, accounts) =>
      channel.ask({ kind: 'addSource', body: { source: check.checkSource(source), accounts: accounts.map(check.checkNewAccount) } }),
    addKey: async (key, accounts) =>
      channel.ask({ kind: 'addKey', body: { key: check.checkKey(key), accounts: accounts.map(check.checkNewAccount) } }),
    hold: async (request) => placeHold(channel, check.checkHold(request)),
    settle: async (request, when) => channel.ask({ kind: 'settle', body: check.checkSettle(request) }, when),
    addReceiptGroup: async (group) => channel.ask({ kind: 'addReceiptGroup', body: check.checkReceiptGroup(group) }, 'soon'),
    setGeneration: async (generation) => {
      check.checkTime(generation, 'generation');
      return channel.ask({ kind: 'setGeneration', body: { generation } });
    },
    ...replaysOf(channel, (receiptId, now) => read(() => reads.replay(receiptId, now))),

    account: (id) => read(() => reads.account(id)),
    accounts: (kind?: AccountKind) => read(() => reads.accounts(kind)),
    tampered: () => read(() => reads.tampered()),
    sources: () => read(() => reads.sources()),
    keys: () => read(() => reads.keys()),
    openHolds: (limit) => read(() => reads.openHolds(limit)),
    holdRow: (holdId) => read(() => reads.holdRow(holdId)),
    receipt: (receiptId) => read(() => reads.receipt(receiptId)),
    receiptsOf: (lane, seqFrom, seqTo) => read(() => reads.receiptsOf(lane, seqFrom, seqTo)),
    lane: () => read(() => reads.lanes().find((lane) => lane.laneId === laneId) as Lane),
    lanes: () => read(() => reads.lanes()),
    outbox: (after, limit) => read(() => reads.outbox(after, limit)),
    generation: () => read(() => reads.generation()),
    verify: () => read(() => runChore({ kind: 'verify', file, bookId, chainKey: options.chainKey })),
    backup: async (to) => {
      if (closed) throw new TallyError('LEDGER_CLOSED');
      if (existsSync(to)) throw new TallyError('BACKUP_INVALID', 'The file for the backup is there already.');
      await runChore({ kind: 'backup', file, to }).catch((error: unknown) => {
        throw new TallyError('BACKUP_INVALID', 'The backup could not be written.', {}, { cause: error });
      });
    },
    close: async () => {
      if (closed) return;
      closed = true;
      // The writer's connection is the last to close, so that it empties the write-ahead log into the file.
      reads.close();
      await channel.close();
    },
  };
}
