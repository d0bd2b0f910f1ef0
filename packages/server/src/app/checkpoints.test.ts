import { expect, it } from 'vitest';
import type { Log } from '#ground/log';
import type { Account, Ledger } from '#ledger';
import type { AccountHead, Generation, Vault } from '#vault';
import { Checkpoints } from './checkpoints.ts';

/** Books with one source, and what a host remembers of them. */
function stage(isShared: boolean) {
  const books = { seq: 1n, gate: 1n, lane: 1n, generation: 0, state: 'active' };
  let heads: readonly AccountHead[] = [];
  let remembered: Generation = { current: 0, pending: null };
  const account = () => ({ id: 's1', seq: books.seq, spent: books.seq, overrun: 0n, head: `h${books.seq}`, state: books.state }) as Account;
  const ledger = {
    accounts: async (kind?: string) =>
      kind === 'group' ? [{ ...account(), id: 'pool', seq: books.gate }] : kind === 'minutes' ? [] : [account()],
    account: async () => account(),
    lanes: async () => [{ laneId: '0x01' as const, nextSeq: books.lane, signedTo: 0n, isAbandoned: false }],
    generation: async () => books.generation,
    setGeneration: async (generation: number) => {
      books.generation = generation;
    },
    setState: async (_: string, state: string) => {
      Object.assign(books, { state, seq: books.seq + 1n });
    },
  };
  const vault = {
    generation: () => remembered,
    setGeneration: async (value: Generation) => {
      remembered = value;
    },
    checkHeads: (now: readonly AccountHead[]) =>
      heads
        .filter(({ accountId, seq }) => (now.find((head) => head.accountId === accountId)?.seq ?? -1n) < seq)
        .map(({ accountId }) => ({ accountId, message: `${accountId} went back` })),
    checkpoint: async (now: readonly AccountHead[]) => {
      heads = now;
    },
    list: () => [],
  };
  const log = { error: () => {} } as unknown as Log;
  const deps = { ledger: ledger as unknown as Ledger, vault: vault as unknown as Vault, isShared, log };
  const checkpoints = new Checkpoints(deps, []);
  const checkpoint = () => checkpoints.take();
  return { books, findings: () => checkpoints.findings, checkpoint, heads: () => heads.map(({ accountId, seq }) => `${accountId} ${seq}`) };
}

it('counts on, and finds nothing while the books go forward', async () => {
  const { books, findings, checkpoint, heads } = stage(true);
  for (let n = 0; n < 3; n += 1) {
    await Promise.all([checkpoint(), checkpoint()]);
    Object.assign(books, { seq: books.seq + 1n, gate: books.gate + 1n, lane: books.lane + 1n });
  }
  expect(findings()).toEqual([]);
  expect(books).toMatchObject({ generation: 6, state: 'active' });
  expect(heads()).toEqual(['s1 3', 'pool 3', 'lane:0x01 3']);
});

it.each([
  ['a copy in which nothing but the count is older', { generation: 1 }],
  ['a source that went back', { seq: 1n }],
  ['a gate that went back, and may be open earlier than it was', { gate: 1n }],
  ['a lane that went back', { lane: 1n }],
])('%s freezes every source, once', async (_, older) => {
  const { books, findings, checkpoint } = stage(true);
  Object.assign(books, { seq: 5n, gate: 5n, lane: 5n });
  await checkpoint();
  await checkpoint();
  Object.assign(books, older);
  await Promise.all([checkpoint(), checkpoint()]);
  expect(books.state).toBe('frozen');
  expect(findings()).toHaveLength(1);
});

it('books of one host alone are only remembered', async () => {
  const { books, findings, checkpoint, heads } = stage(false);
  await checkpoint();
  books.seq = 0n;
  await checkpoint();
  expect(heads()).toEqual(['s1 0', 'pool 1']);
  expect([findings(), books.generation, books.state]).toEqual([[], 0, 'active']);
});
