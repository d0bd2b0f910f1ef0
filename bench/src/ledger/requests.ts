import type { Hex } from '@tallystick/core';
import { randomHex, timedHex, uuidv7 } from '../../../packages/server/src/ground/ids.ts';
import type { HoldRequest, NewAccount, SettleRequest } from '../../../packages/server/src/ledger/index.ts';

/** What is asked of the books: the shapes and lengths of a call that the gateway places and settles. */

export const BOOK_ID = 'main';
/** Sources, and as many keys, that cold calls are spread over; hot calls all use the first. */
export const COLD_ACCOUNTS = 4000;
export type Spread = 'hot' | 'cold';

const TENANT = 'tenant-1';
const HELD = 1200n;
const USED = { input: 200n, output: 80n } as const;
/** Whatever is measured, no cap is reached: a refusal would be quicker than a hold. */
const LIMIT = 2n ** 60n;

function hash(digit: string): Hex {
  return `0x${digit.repeat(64)}`;
}

export const LANE_ID = hash('a');
const HASHES = {
  tariffId: hash('1'),
  tenantHash: hash('2'),
  sourceHash: hash('3'),
  providerHash: hash('4'),
  requestHash: hash('5'),
} as const;
const RESPONSE_HASH = hash('6');

function idOf(kind: NewAccount['kind'], number: number): string {
  return `${kind}_${number.toString(16).padStart(24, '0')}`;
}

export function newAccounts(): readonly NewAccount[] {
  const kinds = ['source', 'key'] as const;
  const numbers = Array.from({ length: COLD_ACCOUNTS }, (_, number) => number);
  const rest = { tenantId: TENANT, asset: 'tokens', ceiling: LIMIT, limit: LIMIT } as const;
  return numbers.flatMap((number) => kinds.map((kind) => ({ id: idOf(kind, number), kind, ...rest })));
}

/** @param source number of the source, @param key of the key: 0 … COLD_ACCOUNTS − 1. @param now Unix ms. */
export function holdRequest(source: number, key: number, now: number): HoldRequest {
  const [sourceId, keyId] = [idOf('source', source), idOf('key', key)];
  return {
    holdId: uuidv7(now),
    callId: uuidv7(now),
    attempt: 0,
    sourceId,
    keyId,
    tenantId: TENANT,
    lines: [
      { accountId: sourceId, amount: HELD },
      { accountId: keyId, amount: HELD },
    ],
    nonce: randomHex(16),
    receiptId: timedHex(now),
    mode: 1,
    proof: 'bytes',
    factsVersion: '2026-11-01',
    detail: { endpoint: 'openai.chat', model: 'gpt-5-mini', bound: HELD.toString() },
    ...HASHES,
  };
}

export function settleRequest(holdId: string, now: number): SettleRequest {
  return {
    holdId,
    outcome: 'metered',
    tokens: USED.input + USED.output,
    credits: 0n,
    lines: [
      { unit: 1, quantity: USED.input, amount: 0n },
      { unit: 2, quantity: USED.output, amount: 0n },
    ],
    endedAt: now,
    responseHash: RESPONSE_HASH,
    detail: { status: 200, finish: 'stop' },
  };
}
