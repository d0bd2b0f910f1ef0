import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { manualClock } from '#ground/clock';
import { type Ledger, openSqliteLedger, type RecordWrite } from '#ledger';
import { amount, Store, type Stored, writeTogether } from './index.ts';

const START = 1_800_000_000_000;
const gift = z.object({ donor: z.string(), cap: amount, spent: z.array(amount), note: z.string().optional() });
type Gift = z.output<typeof gift>;

let folder: string;
let ledger: Ledger;
let gifts: Store<Gift>;
let counts: Store<{ readonly n: number }>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tally-store-'));
  const keys = { ticketKey: Buffer.alloc(32, 1), chainKey: Buffer.alloc(32, 2) };
  const place = { file: join(folder, 'ledger.db'), bookId: 'book-1', laneId: `0x${'a'.repeat(64)}` } as const;
  ({ ledger } = await openSqliteLedger({ ...place, ...keys, clock: manualClock() }));
  gifts = new Store(ledger, 'gift', gift);
  counts = new Store(ledger, 'count', z.object({ n: z.int() }));
});
afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const some: Gift = { donor: '0xab', cap: 2n ** 62n, spent: [0n, 7n] };

describe('a store', () => {
  it('gives back what it was given, amounts and all', async () => {
    const stored = { id: 'a', rev: 1n, state: 'active', value: some, createdAt: START, writtenAt: START };
    expect(await gifts.create('a', some, 'active')).toEqual(stored);
    expect(await gifts.get('a')).toEqual(stored);
    expect((await ledger.record('gift', 'a'))?.body).toBe('{"donor":"0xab","cap":"4611686018427387904","spent":["0","7"]}');
    expect([await gifts.get('b'), await counts.get('a')]).toEqual([null, null]);
    await expect(gifts.existing('b')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(gifts.create('a', some, 'active')).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });

  it('of any value', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const tokens = fc.bigInt({ min: 0n, max: 2n ** 62n });
    const values = fc.record(
      { donor: text, cap: tokens, spent: fc.array(tokens), note: text },
      { requiredKeys: ['donor', 'cap', 'spent'] },
    );
    let next = 0;
    const property = fc.asyncProperty(values, async (value) => {
      next += 1;
      await gifts.create(`g-${next}`, value, '');
      expect((await gifts.existing(`g-${next}`)).value).toEqual(value);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it('takes no value of another type, and reads none', async () => {
    for (const cap of [-1n, 2n ** 62n + 1n]) await expect(gifts.create('a', { ...some, cap }, '')).rejects.toThrow();
    await ledger.writeRecords([{ kind: 'gift', id: 'a', rev: 0n, state: '', body: '{"donor":"of a secret","cap":7,"spent":[]}' }]);
    await expect(gifts.get('a')).rejects.toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('secret') });
  });

  it('lists by state, and all of them page by page', async () => {
    const ids = Array.from({ length: 205 }, (_, at) => `n-${String(at).padStart(3, '0')}`);
    const state = (at: number) => (at % 50 === 0 ? 'rare' : 'usual');
    const writes = ids.map((id, at) => counts.creating(id, { n: at }, state(at)));
    for (let from = 0; from < writes.length; from += 16) await writeTogether(ledger, () => writes.slice(from, from + 16));
    const found: Stored<{ n: number }>[] = [];
    for await (const stored of counts.all()) found.push(stored);
    expect(found.map(({ id }) => id)).toEqual(ids);
    const rare: number[] = [];
    for await (const { value } of counts.all('rare')) rare.push(value.n);
    expect(rare).toEqual([0, 50, 100, 150, 200]);
    expect((await counts.list({ state: 'rare', after: 'n-050', limit: 2 })).map(({ value }) => value.n)).toEqual([100, 150]);
  });
});

describe('an update', () => {
  it('sees the value and the state, and may give both anew', async () => {
    await gifts.create('a', some, 'active');
    const spend = ({ spent, ...rest }: Gift) => ({ ...rest, spent: [...spent, 5n] });
    expect(await gifts.update('a', spend)).toMatchObject({ rev: 2n, state: 'active', value: { spent: [0n, 7n, 5n] } });
    await gifts.update('a', spend, 'paused');
    const updated = await gifts.update('a', spend, ({ spent }, { state }) => `${state}-${spent.length}`);
    expect(updated).toMatchObject({ rev: 4n, state: 'paused-5' });
    expect(await gifts.get('a')).toEqual(updated);
    await expect(gifts.update('b', spend)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is done once by each of many at once', async () => {
    await counts.create('a', { n: 0 }, '');
    const seen = await Promise.all(Array.from({ length: 16 }, () => counts.update('a', ({ n }) => ({ n: n + 1 }))));
    expect(seen.map(({ value }) => value.n).sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
    expect(await counts.get('a')).toMatchObject({ rev: 17n, value: { n: 16 } });
  });

  it('writes nothing where the change is refused', async () => {
    await counts.create('a', { n: 0 }, 'done');
    const refuse = () => {
      throw new TallyError('STATE_INVALID');
    };
    await expect(counts.update('a', refuse)).rejects.toMatchObject({ code: 'STATE_INVALID' });
    expect(await counts.get('a')).toMatchObject({ rev: 1n, value: { n: 0 } });
  });

  it('is given up where others are always quicker', async () => {
    await counts.create('a', { n: 0 }, '');
    let tries = 0;
    const writeRecords: Ledger['writeRecords'] = async () => {
      tries += 1;
      return { result: 'conflict', kind: 'count', id: 'a', rev: 9n };
    };
    const crowded = { ...ledger, writeRecords };
    const store = new Store(crowded, 'count', z.object({ n: z.int() }));
    await expect(store.update('a', (value) => value)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await expect(writeTogether(crowded, () => [])).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(tries).toBe(128);
  });
});

describe('writes of several kinds', () => {
  it('are all or none, and composed anew where one was out of date', async () => {
    const [first, count] = [await gifts.create('a', some, 'active'), await counts.create('all', { n: 1 }, '')];
    let composed = 0;
    const compose = async (): Promise<readonly RecordWrite[]> => {
      composed += 1;
      const current = composed === 1 ? count : await counts.existing('all');
      // Another is quicker, the first time.
      if (composed === 1) await counts.update('all', ({ n }) => ({ n: n + 10 }));
      return [gifts.removing(first), gifts.creating('b', some, 'new'), counts.changing(current, { n: current.value.n + 1 })];
    };
    expect(await writeTogether(ledger, compose)).toBe(START);
    expect(composed).toBe(2);
    expect([await gifts.get('a'), (await gifts.get('b'))?.state, (await counts.get('all'))?.value.n]).toEqual([null, 'new', 12]);
  });
});
