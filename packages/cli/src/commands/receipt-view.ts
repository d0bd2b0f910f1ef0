import { type ReceiptBundle, unitName } from '@tallystick/core';
import type { Field } from '../table.ts';
import { time } from '../time.ts';

const KINDS = {
  1: 'metered',
  2: 'burned: the outcome is unknown, the whole hold is spent',
  3: 'charged at the bound',
  4: 'credit',
} as const;
const CREDIT_DECIMALS = 6;

/** What a person wants to know of a receipt. */
export function receiptFields({ receipt, detail, group }: ReceiptBundle): readonly Field[] {
  const { model } = detail;
  return [
    ['call', uuidOf(receipt.callId)],
    ['kind', KINDS[receipt.kind]],
    ['mode', receipt.mode === 1 ? 'SANDBOX: simulated, never settles' : 'live'],
    ...(typeof model === 'string' ? [['model', model] as const] : []),
    ...receipt.lines.map(({ unit, quantity }) => [unitName(unit)?.replaceAll('_', ' ') ?? `unit ${unit}`, String(quantity)] as const),
    ['charged', `${receipt.charged} tokens`],
    ['amount', `${credits(receipt.amount)} credits`],
    ['source spent', `${receipt.sourceSpent} tokens after call ${receipt.sourceSeq} of the source`],
    ['started', time(receipt.startedAt)],
    ['ended', time(receipt.endedAt)],
    ['seq', String(receipt.seq)],
    ['signer', group.signer],
  ];
}

/** Base units as credits, without a float on the way. */
export function credits(amount: bigint): string {
  const digits = amount.toString().padStart(CREDIT_DECIMALS + 1, '0');
  return `${digits.slice(0, -CREDIT_DECIMALS)}.${digits.slice(-CREDIT_DECIMALS)}`;
}

/** Sixteen zero bytes and a UUID, or some other 32 bytes. */
function uuidOf(callId: string): string {
  const [, a, b, c, d, e] = /^0x0{32}(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(callId) ?? [];
  return a === undefined ? callId : `${a}-${b}-${c}-${d}-${e}`;
}
