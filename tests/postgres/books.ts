import { Client } from 'pg';
import { expect } from 'vitest';
import { SOURCE } from '../../packages/server/src/ledger/conformance/engine.ts';
import type { Ledger } from '../../packages/server/src/ledger/types.ts';
import type { Told } from './load.ts';

export type HoldFound = { readonly state: string; readonly charged: bigint | null };

/** Plain SQL beside the ledger. */
export async function sql(url: string, text: string, values: readonly unknown[] = []): Promise<Record<string, string>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as Record<string, string>[];
  } finally {
    await client.end();
  }
}

export async function holdsIn(url: string): Promise<ReadonlyMap<string, HoldFound>> {
  const rows = await sql(url, 'SELECT h.hold_id, h.state, r.charged FROM holds h LEFT JOIN receipts r ON r.hold_no = h.hold_no');
  return new Map(
    rows.map(({ hold_id = '', state = '', charged }) => [hold_id, { state, charged: charged == null ? null : BigInt(charged) }]),
  );
}

/** No source has more on it than its limit, whatever its state. */
export async function expectWithin(url: string): Promise<void> {
  const over = await sql(url, 'SELECT account_id FROM accounts WHERE held + spent + overrun > spend_limit');
  expect(over).toEqual([]);
}

/**
 * What was told is what is there: each settlement once and as told, each hold that was created and not settled open or burned; and holds that
 * nobody was told of spend nothing for long.
 */
export async function expectTold(url: string, tolds: readonly Told[]): Promise<void> {
  const found = await holdsIn(url);
  const wrong: string[] = [];
  for (const { created, settled, ended } of tolds) {
    const ends = ended ? ['open', 'burned', 'settled', 'released'] : ['open', 'burned'];
    for (const id of created.keys()) {
      const { state, charged } = found.get(id) ?? { state: 'gone', charged: null };
      const isSettled = settled.has(id);
      const isRight = isSettled ? ['settled', 'released'].includes(state) && charged === settled.get(id) : ends.includes(state);
      if (!isRight) wrong.push(`${id} ${isSettled ? 'settled' : 'created'}: ${state} ${charged}`);
    }
  }
  const known = new Set(tolds.flatMap(({ created }) => [...created.keys()]));
  for (const [id, { state }] of found) if (!known.has(id) && !['released', 'burned'].includes(state)) wrong.push(`${id} untold: ${state}`);
  expect(wrong).toEqual([]);
}

export async function expectSound(url: string, ledger: Ledger, tolds: readonly Told[]): Promise<void> {
  await expectTold(url, tolds);
  await expectWithin(url);
  expect(await ledger.verify()).toEqual([]);
  const source = await ledger.account(SOURCE);
  const found = await holdsIn(url);
  const spent = [...found.values()].reduce((sum, { charged }) => sum + (charged ?? 0n), 0n);
  expect(source?.spent).toBe(spent);
}
