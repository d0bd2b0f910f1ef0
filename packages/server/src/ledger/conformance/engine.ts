import type { Hex } from '@tallystick/core';
import type { ManualClock } from '#ground/clock';
import { randomHex, uuidv7 } from '#ground/ids';
import type { Account, HoldRequest, HoldResult, Ledger, NewAccount, SettleRequest } from '../types.ts';

/** What the suite needs of an engine: books that can be opened again and again, and a way past their guards. */
export type Engine = {
  readonly clock: ManualClock;
  readonly ticketKey: Buffer;
  readonly laneId: Hex;
  /** Opens the same books each time. */
  open(): Promise<{ readonly ledger: Ledger; readonly findings: readonly string[]; readonly burned: number }>;
  /** Runs statements on a connection of its own, beside or after the ledger's, with the immutability guards removed. */
  tamper(sql: string): void | Promise<void>;
  /** Whether another process may open the books beside this one. */
  readonly isShared: boolean;
  /** Removes everything. */
  dispose(): Promise<void>;
};

export type CreateEngine = () => Promise<Engine>;

export function hash(digit: string): Hex {
  return `0x${digit.repeat(64)}`;
}

export const SOURCE = 'source-1';
export const KEY = 'key-1';
export const CREDIT = 'credit-1';

export function newAccount(id: string, limit: bigint, more: Partial<NewAccount> = {}): NewAccount {
  const kind = id.startsWith('source') ? 'source' : 'key';
  return { id, kind, tenantId: 'tenant-1', asset: id.startsWith('credit') ? 'credits' : 'tokens', ceiling: limit, limit, ...more };
}

/** A hold of `amount` on the source and the key; `more` overrides anything. */
export function holdRequest(amount: bigint, more: Partial<HoldRequest> = {}): HoldRequest {
  return {
    holdId: uuidv7(1_800_000_000_000),
    callId: uuidv7(1_800_000_000_000),
    attempt: 0,
    sourceId: SOURCE,
    keyId: KEY,
    tenantId: 'tenant-1',
    lines: [
      { accountId: SOURCE, amount },
      { accountId: KEY, amount },
    ],
    nonce: randomHex(16),
    receiptId: randomHex(16),
    mode: 1,
    proof: 'bytes',
    tariffId: hash('1'),
    factsVersion: 'test',
    tenantHash: hash('2'),
    sourceHash: hash('3'),
    providerHash: hash('4'),
    requestHash: hash('5'),
    detail: { endpoint: 'chat', model: 'm' },
    ...more,
  };
}

export function settleRequest(holdId: string, tokens: bigint, more: Partial<SettleRequest> = {}): SettleRequest {
  return {
    holdId,
    outcome: 'metered',
    tokens,
    credits: 0n,
    lines: [{ unit: 1, quantity: tokens, amount: 0n }],
    endedAt: 1_800_000_000_500,
    responseHash: hash('6'),
    detail: { status: 200 },
    ...more,
  };
}

export async function openAccounts(ledger: Ledger, source = 100n, key = 1_000n): Promise<void> {
  await ledger.openAccount(newAccount(SOURCE, source));
  await ledger.openAccount(newAccount(KEY, key));
}

/** Places a hold that must be created. */
export async function created(ledger: Ledger, request: HoldRequest): Promise<Extract<HoldResult, { result: 'created' }>> {
  const result = await ledger.hold(request);
  if (result.result !== 'created') throw new Error(`not created: ${result.result === 'refused' ? result.refusal.code : result.result}`);
  return result;
}

/** Places a hold that must be refused. @returns the refusal's code. */
export async function refused(ledger: Ledger, request: HoldRequest): Promise<string> {
  const result = await ledger.hold(request);
  if (result.result !== 'refused') throw new Error(`not refused: ${result.result}`);
  return result.refusal.code;
}

export async function balances(ledger: Ledger, id: string): Promise<Pick<Account, 'held' | 'spent' | 'overrun' | 'state'>> {
  const account = await ledger.account(id);
  if (account === null) throw new Error(`no account ${id}`);
  const { held, spent, overrun, state } = account;
  return { held, spent, overrun, state };
}
