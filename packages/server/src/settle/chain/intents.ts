import { dirname } from 'node:path';
import { concat, fromHex, type Hex, keccak, TallyError } from '@tallystick/core';
import { AppendFile, walkLines } from '#ground/append-file';
import { ensurePrivateFolder, sweepTemporaries, writeDurable } from '#ground/files';
import type { Fees } from './fees.ts';

/** What is to be done on the chain, once. `id` is the caller's: the same id is never sent as two payments. */
export type Intent = {
  readonly id: string;
  readonly to: Hex;
  readonly data: Hex;
  /** Wei. */
  readonly value: bigint;
  /** Blocks that hold it, its own among them, until it counts as done. */
  readonly confirmations: number;
};

/** One signed form of it. All have the same nonce, so at most one can ever be mined. */
export type Version = { readonly hash: Hex; readonly raw: Hex; readonly fees: Fees };

export type Outcome = {
  readonly id: string;
  readonly hash: Hex;
  readonly block: bigint;
  readonly status: 'success' | 'reverted';
  /** Name of the contract's error, where it reverted and the error could be found out. */
  readonly reason: string | null;
};

/** Given up: another transaction had its nonce at this block, and was deep. */
export type Replaced = { readonly status: 'replaced'; readonly block: bigint };

/** Whose transactions they are. Bytes that are signed for another account or chain are another payment. */
export type Owner = { readonly chainId: number; readonly account: Hex };

export type IntentState = {
  readonly intent: Intent;
  readonly digest: Hex;
  readonly nonce: bigint;
  readonly gas: bigint;
  readonly versions: readonly Version[];
  readonly end: Outcome | Replaced | null;
};

export type IntentRecord =
  /** The first of a journal, and nowhere else. */
  | ({ readonly t: 'owner' } & Owner)
  | { readonly t: 'intent'; readonly intent: Intent; readonly nonce: bigint; readonly gas: bigint }
  | { readonly t: 'version'; readonly id: string; readonly version: Version }
  | { readonly t: 'done'; readonly outcome: Outcome }
  | { readonly t: 'replaced'; readonly id: string; readonly block: bigint }
  /** What was told of its end holds no more: a fork took the end out of the chain. It is open again. */
  | { readonly t: 'undone'; readonly id: string }
  /** All that is kept of one that has ended, once the file was made shorter. */
  | { readonly t: 'ended'; readonly id: string; readonly digest: Hex; readonly nonce: bigint; readonly end: Outcome | Replaced };

export type IntentStep = Exclude<IntentRecord, { readonly t: 'owner' }>;

/** Where intents are kept. All records of one `append` are durable when it resolves; after a crash a beginning of them may be there. */
export type IntentJournal = {
  load(): Promise<readonly IntentRecord[]>;
  append(records: readonly IntentRecord[]): Promise<void>;
  close(): Promise<void>;
};

/** What tells one payment from another, whatever its id. */
export function digestOf({ to, data, value }: Intent): Hex {
  const amount = fromHex(`0x${value.toString(16).padStart(64, '0')}`, 32);
  return keccak(concat(fromHex(to.toLowerCase() as Hex, 20), amount, fromHex(data.toLowerCase() as Hex)));
}

/** @throws TallyError CHAIN_BOOKS_WRONG where the records do not follow each other. */
export function foldIntents(records: readonly IntentRecord[]): Map<string, IntentState> {
  const states = new Map<string, IntentState>();
  for (const [i, record] of records.entries()) {
    if (record.t !== 'owner') foldIntent(states, record);
    else if (i > 0) throw misfit();
  }
  return states;
}

/**
 * What a journal holds; a new one is given its owner.
 * @throws TallyError CHAIN_BOOKS_WRONG where it is of another account or chain: its open intents would be signed anew, and paid twice.
 */
export async function loadIntents(journal: IntentJournal, { chainId, account }: Owner): Promise<Map<string, IntentState>> {
  const records = await journal.load();
  const first = records[0];
  if (first === undefined) await journal.append([{ t: 'owner', chainId, account }]);
  else if (first.t !== 'owner' || first.chainId !== chainId || first.account !== account) {
    throw new TallyError('CHAIN_BOOKS_WRONG', OF_ANOTHER, { account, chain_id: chainId });
  }
  return foldIntents(records);
}

const OF_ANOTHER =
  'The journal of intents is of another account or another chain than the one that is to send. Keep that journal, and begin another file for this one.';

function misfit(): TallyError {
  return new TallyError('CHAIN_BOOKS_WRONG', 'The journal of intents does not fit together.');
}

export function foldIntent(states: Map<string, IntentState>, record: IntentStep): IntentState {
  const id = record.t === 'intent' ? record.intent.id : record.t === 'done' ? record.outcome.id : record.id;
  const before = states.get(id);
  const after = next(before, record);
  if (after === null) throw misfit();
  states.set(id, after);
  return after;
}

function next(before: IntentState | undefined, record: IntentStep): IntentState | null {
  if (record.t === 'ended') {
    if (before !== undefined) return null;
    const intent: Intent = { id: record.id, to: '0x', data: '0x', value: 0n, confirmations: 0 };
    return { intent, digest: record.digest, nonce: record.nonce, gas: 0n, versions: [], end: record.end };
  }
  if (record.t === 'intent') {
    if (before !== undefined) return null;
    const { intent, nonce, gas } = record;
    return { intent, digest: digestOf(intent), nonce, gas, versions: [], end: null };
  }
  if (before === undefined || (before.end === null) === (record.t === 'undone')) return null;
  if (record.t === 'version') return { ...before, versions: [...before.versions, record.version] };
  if (record.t === 'undone') return { ...before, end: null };
  return { ...before, end: record.t === 'done' ? record.outcome : { status: 'replaced', block: record.block } };
}

const LINE_BYTES_MAX = 4 * 1024 * 1024;
/** A longer file is written anew at its opening, without the payloads of what has ended. */
const COMPACT_BYTES = 32 * 1024 * 1024;
/** The latest keep theirs: their blocks may be orphaned yet. */
const KEPT_WHOLE = 64;
const NUMBER = /^\d+n$/;

/** A file that only grows, one JSON line for each record; made shorter only when it is opened. */
export async function openIntentFile(path: string, compactBytes = COMPACT_BYTES, keptWhole = KEPT_WHOLE): Promise<IntentJournal> {
  await ensurePrivateFolder(dirname(path));
  await sweepTemporaries(dirname(path));
  let records: IntentRecord[] = [];
  let { whole } = walkLines(path, LINE_BYTES_MAX, (line) => records.push(recordOf(line)));
  if (whole > compactBytes) {
    records = compacted(records, keptWhole);
    const text = linesOf(records);
    await writeDurable(path, text);
    whole = Buffer.byteLength(text);
  }
  const file = await AppendFile.open(path, whole);
  return {
    load: async () => records.splice(0),
    append: (more) => file.append(Buffer.from(linesOf(more))),
    close: () => file.close(),
  };
}

function compacted(records: readonly IntentRecord[], keptWhole: number): IntentRecord[] {
  const states = [...foldIntents(records).values()];
  const owner = records.slice(0, 1).filter(({ t }) => t === 'owner');
  const kept = states.flatMap(({ intent, digest, nonce, gas, versions, end }, i): IntentRecord[] => {
    if (end !== null && i < states.length - keptWhole) return [{ t: 'ended', id: intent.id, digest, nonce, end }];
    const { id } = intent;
    const begun = [{ t: 'intent', intent, nonce, gas }, ...versions.map((version) => ({ t: 'version', id, version }) as const)] as const;
    if (end === null) return [...begun];
    return [...begun, end.status === 'replaced' ? { t: 'replaced', id, block: end.block } : { t: 'done', outcome: end }];
  });
  return [...owner, ...kept];
}

function linesOf(records: readonly IntentRecord[]): string {
  return records.map((record) => `${lineOf(record)}\n`).join('');
}

function lineOf(record: IntentRecord): string {
  return JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Ids never look like a number with an `n`: `Sender` refuses such. */
function recordOf(line: Buffer): IntentRecord {
  try {
    const revive = (_key: string, value: unknown) => (typeof value === 'string' && NUMBER.test(value) ? BigInt(value.slice(0, -1)) : value);
    return JSON.parse(line.toString('utf8'), revive) as IntentRecord;
  } catch {
    throw new TallyError('CHAIN_BOOKS_WRONG', 'A line of the journal of intents cannot be read.');
  }
}

/** 1 to 128 characters, and nothing that a journal could take for something else. */
export function isIntentId(id: string): boolean {
  return /^[\w.:/-]{1,128}$/.test(id) && !NUMBER.test(id);
}
