import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, foldIntents, type Intent, type IntentRecord, isIntentId, loadIntents, openIntentFile } from './intents.ts';

const intent = (id: string, value = 1n): Intent => ({ id, to: `0x${'ab'.repeat(20)}`, data: '0x1234', value, confirmations: 2 });
const owner = { t: 'owner', chainId: 31_337, account: `0x${'01'.repeat(20)}` } as const satisfies IntentRecord;
const version = (n: number) => ({ hash: `0x${String(n).repeat(64)}` as const, raw: '0x02' as const, fees: { max: 9n, tip: 1n } });
const records = (id: string, nonce: bigint): IntentRecord[] => [
  { t: 'intent', intent: intent(id), nonce, gas: 21_000n },
  { t: 'version', id, version: version(1) },
  { t: 'version', id, version: version(2) },
];
const done = (id: string): IntentRecord => ({
  t: 'done',
  outcome: { id, hash: version(2).hash, block: 7n, status: 'success', reason: null },
});

describe('the journal of intents', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-intents-'));
    path = join(folder, 'chain', 'intents.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function written(more: readonly IntentRecord[]): Promise<void> {
    const file = await openIntentFile(path);
    await file.append(more);
    await file.close();
  }
  async function read(compactBytes?: number, keptWhole?: number): Promise<readonly IntentRecord[]> {
    const file = await openIntentFile(path, compactBytes, keptWhole);
    await file.close();
    return file.load();
  }

  it('gives back what was written, for its owner only', async () => {
    const all = [...records('a', 4n), done('a'), ...records('b', 5n)];
    await written(all);
    expect(await read()).toEqual(all);
    expect(statSync(path).mode & 0o077).toBe(0);
    const states = foldIntents(all);
    expect(states.get('a')?.end).toMatchObject({ block: 7n });
    expect(states.get('b')).toMatchObject({ nonce: 5n, end: null });
    expect(states.get('b')?.versions.length).toBe(2);
  });

  it('cut at any byte, it is a beginning of what was written', async () => {
    const all = [...records('a', 4n), done('a')];
    await written(all);
    const { size } = statSync(path);
    for (let cut = size - 1; cut >= 0; cut -= 1) {
      truncateSync(path, cut);
      const found = await read();
      expect(all.slice(0, found.length)).toEqual(found);
      expect(() => foldIntents(found)).not.toThrow();
    }
  });

  it('is made shorter without forgetting what must not be done again', async () => {
    const all = [...records('a', 4n), done('a'), ...records('b', 5n), { t: 'replaced', id: 'b', block: 9n } as const, ...records('c', 6n)];
    await written([owner, ...all]);
    expect(foldIntents(await read(1))).toEqual(foldIntents(all));
    const before = statSync(path).size;
    const found = foldIntents(await read(1, 0));
    expect(statSync(path).size).toBeLessThan(before);
    expect(found.get('a')).toMatchObject({ nonce: 4n, digest: digestOf(intent('a')), end: { hash: version(2).hash } });
    expect(found.get('b')).toMatchObject({ nonce: 5n, end: { status: 'replaced', block: 9n } });
    expect(found.get('c')).toEqual(foldIntents(all).get('c'));
    expect(readFileSync(path, 'utf8').split('\n').length).toBe(7);
    expect((await read())[0]).toEqual(owner);
  });

  it('is of one account of one chain, and no other goes on with it', async () => {
    const load = async (change: object = {}) => {
      const file = await openIntentFile(path);
      return loadIntents(file, { ...owner, ...change }).finally(() => file.close());
    };
    expect((await load()).size).toBe(0);
    await written(records('a', 4n));
    expect((await load()).get('a')).toMatchObject({ nonce: 4n });
    for (const other of [{ chainId: 8453 }, { account: `0x${'02'.repeat(20)}` }]) {
      await expect(load(other)).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
    }
    rmSync(path);
    await written(records('a', 4n));
    await expect(load()).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
  });

  it('opens again what a fork took out, and lets it end anew', () => {
    const undone = { t: 'undone', id: 'a' } as const;
    const all = [...records('a', 1n), done('a'), undone];
    expect(foldIntents(all).get('a')).toMatchObject({ nonce: 1n, end: null });
    expect(foldIntents([...all, done('a')]).get('a')?.end).toMatchObject({ block: 7n });
    const replaced = { t: 'replaced', id: 'a', block: 9n } as const;
    expect(foldIntents([...records('a', 1n), replaced, undone, done('a')]).get('a')?.end).toMatchObject({ block: 7n });
  });

  it('whose records do not follow each other is refused', () => {
    const once = records('a', 1n);
    const undone = { t: 'undone', id: 'a' } as const;
    for (const wrong of [
      [done('a')],
      [...once, ...records('a', 2n)],
      [...once, done('a'), done('a')],
      [...once, undone],
      [...once, owner],
    ]) {
      expect(() => foldIntents(wrong)).toThrow(expect.objectContaining({ code: 'CHAIN_BOOKS_WRONG' }));
    }
  });
});

describe('an intent', () => {
  it('is told from another payment by its payload, whatever its letters’ case', () => {
    expect(digestOf(intent('a'))).toBe(digestOf({ ...intent('b'), to: `0x${'AB'.repeat(20)}`, confirmations: 9 }));
    for (const other of [
      intent('a', 2n),
      { ...intent('a'), data: '0x1235' as const },
      { ...intent('a'), to: `0x${'ac'.repeat(20)}` as const },
    ]) {
      expect(digestOf(other)).not.toBe(digestOf(intent('a')));
    }
  });

  it.each([
    ['claim/7', true],
    ['12', true],
    ['12n', false],
    ['', false],
    ['a b', false],
    ['x'.repeat(129), false],
  ])('id %j is taken: %s', (id, isTaken) => expect(isIntentId(id)).toBe(isTaken));
});
