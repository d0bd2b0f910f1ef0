import { existsSync } from 'node:fs';
import { type Hex, TallyError } from '@tallystick/core';
import { type Archiving, archivesOf } from './archive/archives.ts';
import { ArchivedReceipts } from './archive/receipts.ts';
import type { Channel } from './channel.ts';
import { LIMITS } from './limits.ts';
import type { Standing } from './protocol.ts';
import type { Reads } from './reads.ts';
import type { RecordReads } from './record-reads.ts';
import type { LedgerRecords } from './record-types.ts';
import type { LedgerReservations, ReserveRequest, ReserveResult } from './reservation.ts';
import type { AccountKind, HoldRequest, HoldResult, KeptReplay, Lane, Ledger } from './types.ts';
import * as check from './validate.ts';

/** A hold goes before settlements that are in no hurry; where what they will free is in its way, they go first after all. */
async function placeHold(channel: Channel, body: HoldRequest): Promise<HoldResult> {
  const behind = channel.waits;
  const placed = await channel.ask<HoldResult>({ kind: 'hold', body });
  if (!behind || placed.result !== 'refused' || placed.refusal.code !== 'CAP_BUSY') return placed;
  channel.hurry();
  return channel.ask<HoldResult>({ kind: 'hold', body });
}

/** What settlements in no hurry will free goes first here too, where it is in the way. */
async function placeReservation(channel: Channel, body: ReserveRequest): Promise<ReserveResult> {
  const behind = channel.waits;
  const placed = await channel.ask<ReserveResult>({ kind: 'reserve', body });
  if (!behind || placed.result !== 'refused' || placed.refusal.code !== 'CAP_BUSY') return placed;
  channel.hurry();
  return channel.ask<ReserveResult>({ kind: 'reserve', body });
}

function reservationsOf(channel: Channel, read: Read, reads: Reads): LedgerReservations {
  return {
    reserve: async (request) => placeReservation(channel, check.checkReserve(request)),
    endReservation: async (reservationId) => {
      check.checkId(reservationId, 'reservationId');
      return channel.ask({ kind: 'endReservation', body: { reservationId } });
    },
    reservations: ({ after = '', limit }) => read(() => reads.reservations(after, limit)),
    reservation: (reservationId) => read(() => reads.reservation(reservationId)),
  };
}

function replaysOf(
  channel: Channel,
  find: (receiptId: string, now: number) => Promise<KeptReplay>,
): Pick<Ledger, 'keepReplay' | 'replay' | 'dropReplays'> {
  return {
    keepReplay: async (replay) => channel.ask({ kind: 'keepReplay', body: check.checkReplay(replay) }),
    replay: async (receiptId, accountIds) => {
      for (const id of [receiptId, ...accountIds]) check.checkAccountId(id, 'id');
      const { refusal, now } = await channel.ask<Standing>({ kind: 'standing', body: { accountIds } });
      return refusal === null ? find(receiptId, now) : { result: 'refused', refusal };
    },
    dropReplays: async () => {
      while ((await channel.ask<number>({ kind: 'dropReplays' })) === LIMITS.replayDropBatch);
    },
  };
}

function accountsOf(
  channel: Channel,
): Pick<Ledger, 'openAccount' | 'setLimit' | 'lowerLimit' | 'raiseOpensAt' | 'setState' | 'auditedAccount'> {
  return {
    openAccount: async (account) => channel.ask({ kind: 'openAccount', body: check.checkNewAccount(account) }),
    setLimit: async (accountId, limit, ref) => channel.ask({ kind: 'setLimit', body: check.checkLimitChange(accountId, limit, ref) }),
    lowerLimit: async (accountId, limit, ref) =>
      channel.ask({ kind: 'setLimit', body: { ...check.checkLimitChange(accountId, limit, ref), onlyDown: true } }),
    raiseOpensAt: async (accountId, opensAt, ref) => {
      check.checkAccountId(accountId, 'accountId');
      check.checkTime(opensAt, 'opensAt');
      check.checkText(ref, 'ref');
      return channel.ask({ kind: 'raiseOpensAt', body: { accountId, opensAt, ref } });
    },
    setState: async (accountId, state, reason, reconciledSpent) => {
      check.checkAccountId(accountId, 'accountId');
      if (!['active', 'paused', 'frozen', 'revoked', 'destroyed'].includes(state)) throw check.invalid('state', 'is not known');
      check.checkText(reason, 'reason');
      if (reconciledSpent !== undefined) check.checkAmount(reconciledSpent, 'reconciledSpent');
      return channel.ask({ kind: 'setState', body: { accountId, state, reason, reconciledSpent } });
    },
    auditedAccount: async (accountId) => {
      check.checkAccountId(accountId, 'accountId');
      return channel.ask({ kind: 'account', body: { accountId } });
    },
  };
}

function recordsOf(channel: Channel, read: Read, { record, records, recordStates }: RecordReads): LedgerRecords {
  return {
    writeRecords: async (writes) => channel.ask({ kind: 'writeRecords', body: check.checkRecordWrites(writes) }),
    record: async (kind, id) => {
      check.checkRecordName(kind, id);
      return read(() => record(kind, id));
    },
    records: async (kind, query) => {
      const checked = check.checkRecordsQuery(kind, query);
      return read(() => records(kind, checked));
    },
    recordStates: async (kind) => {
      check.checkRecordName(kind, 'any');
      return read(() => recordStates(kind));
    },
  };
}

/** What an engine brings beside its writer. */
export type LedgerBooks = {
  readonly laneId: Hex;
  readonly epoch: string;
  readonly reads: Reads;
  readonly records: RecordReads;
  verify(): Promise<readonly string[]>;
  /** Writes a copy into a file that is not there yet. */
  backup(file: string): Promise<void>;
  /** null: these books have no place for archives. */
  readonly archiving: Archiving | null;
};

function receiptsOf(reads: Reads, archived: ArchivedReceipts): Pick<Ledger, 'receipt' | 'receiptsOf'> {
  return {
    receipt: async (receiptId) => {
      const found = await reads.receipt(receiptId);
      return found?.status === 'archived' ? archived.receipt(receiptId, found.at) : found;
    },
    receiptsOf: async (laneId, seqFrom, seqTo) => {
      const here = await reads.receiptsOf(laneId, seqFrom, seqTo);
      const at = BigInt(here.length) > seqTo - seqFrom ? null : await reads.archivedIn(laneId, seqFrom);
      return at === null ? here : archived.receiptsOf(laneId, seqFrom, seqTo, at);
    },
  };
}

type Read = <T>(query: () => T | Promise<T>) => Promise<T>;

type Asked =
  | 'burnedOf'
  | 'charges'
  | 'account'
  | 'accounts'
  | 'tampered'
  | 'sources'
  | 'keys'
  | 'openHolds'
  | 'holdRow'
  | 'receipt'
  | 'receiptsOf';

/** What is read beside the writer. */
function readsOf(
  read: Read,
  reads: Reads,
  archived: ArchivedReceipts,
  laneId: Hex,
): Pick<Ledger, Asked | 'key' | 'keyOf' | 'lane' | 'lanes' | 'outbox' | 'changes' | 'changesEnd' | 'generation'> {
  const receipts = receiptsOf(reads, archived);
  return {
    burnedOf: (sourceId) => read(() => reads.burnedOf(sourceId)),
    charges: (accountId, query) => read(() => reads.charges(accountId, query)),
    account: (id) => read(() => reads.account(id)),
    accounts: (kind?: AccountKind) => read(() => reads.accounts(kind)),
    tampered: () => read(() => reads.tampered()),
    sources: () => read(() => reads.sources()),
    keys: () => read(() => reads.keys()),
    key: (id) => read(() => reads.key(id)),
    keyOf: (hash) => read(() => reads.keyOf(hash)),
    openHolds: (limit) => read(() => reads.openHolds(limit)),
    holdRow: (holdId) => read(() => reads.holdRow(holdId)),
    receipt: (receiptId) => read(() => receipts.receipt(receiptId)),
    receiptsOf: (lane, seqFrom, seqTo) => read(() => receipts.receiptsOf(lane, seqFrom, seqTo)),
    lane: () => read(async () => (await reads.lanes()).find((lane) => lane.laneId === laneId) as Lane),
    lanes: () => read(() => reads.lanes()),
    outbox: (after, limit) => read(() => reads.outbox(after, limit)),
    changes: (after, limit) => read(() => reads.changes(after, limit)),
    changesEnd: () => read(() => reads.changesEnd()),
    generation: () => read(() => reads.generation()),
  };
}

/** The books as the other rooms have them: shapes are checked here, the writer is asked, reads go beside it. */
export function ledgerOf({ laneId, epoch, reads, records, verify, backup, archiving }: LedgerBooks, channel: Channel): Ledger {
  let closed = false;
  const archived = new ArchivedReceipts(archiving?.folder ?? null, archiving?.bookId ?? '');
  /** Reads answer from the last commit, or reject as the writer does once closed. */
  const read: Read = async (query) => {
    if (closed) throw new TallyError('LEDGER_CLOSED');
    return query();
  };
  return {
    epoch,
    laneId,
    ...accountsOf(channel),
    reconcile: async (request, dryRun = false) =>
      channel.ask({ kind: 'reconcile', body: { request: check.checkReconcile(request), dryRun } }),
    reconciliations: (sourceId) => read(() => reads.reconciliations(sourceId)),
    setStop: async (stopped, reason) => {
      check.checkText(reason, 'reason');
      return channel.ask({ kind: 'setStop', body: { stopped, reason } });
    },
    stopReason: async () => {
      const { refusal } = await channel.ask<Standing>({ kind: 'standing', body: { accountIds: [] } });
      return refusal?.code === 'POOL_STOPPED' ? refusal.reason : null;
    },
    addSource: async (source, accounts) =>
      channel.ask({ kind: 'addSource', body: { source: check.checkSource(source), accounts: accounts.map(check.checkNewAccount) } }),
    addKey: async (key, accounts) =>
      channel.ask({ kind: 'addKey', body: { key: check.checkKey(key), accounts: accounts.map(check.checkNewAccount) } }),
    hold: async (request) => placeHold(channel, check.checkHold(request)),
    settle: async (request, when) => channel.ask({ kind: 'settle', body: check.checkSettle(request) }, when),
    ...reservationsOf(channel, read, reads),
    addReceiptGroup: async (group) => {
      const body = check.checkReceiptGroup(group);
      await read(() => reads.refuseTwoMonths(body));
      return channel.ask({ kind: 'addReceiptGroup', body }, 'soon');
    },
    setGeneration: async (generation) => {
      check.checkTime(generation, 'generation');
      return channel.ask({ kind: 'setGeneration', body: { generation } });
    },
    ...replaysOf(channel, (receiptId, now) => read(() => reads.replay(receiptId, now))),

    ...recordsOf(channel, read, records),
    ...readsOf(read, reads, archived, laneId),
    archives: archivesOf({ archiving, channel, list: () => read(() => reads.archives()) }),
    verify: () => read(verify),
    ping: async () => {
      await channel.ask<Standing>({ kind: 'standing', body: { accountIds: [] } });
    },
    backup: async (to) => {
      if (closed) throw new TallyError('LEDGER_CLOSED');
      if (existsSync(to)) throw new TallyError('BACKUP_INVALID', 'The file for the backup is there already.');
      await backup(to).catch((error: unknown) => {
        if (error instanceof TallyError) throw error;
        throw new TallyError('BACKUP_INVALID', 'The backup could not be written.', {}, { cause: error });
      });
    },
    close: async () => {
      if (closed) return;
      closed = true;
      // The writer's connection is the last to close, so that it empties the write-ahead log into the file.
      await archived.close();
      await reads.close();
      await channel.close();
    },
  };
}
