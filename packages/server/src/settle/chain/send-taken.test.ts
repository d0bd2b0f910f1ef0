import { describe, expect, it } from 'vitest';
import type { IntentState } from './intents.ts';
import { nodeErrorOf } from './node-error.ts';
import { isTakenByAnother } from './send-taken.ts';

const owner = { account: `0x${'01'.repeat(20)}`, chainId: 31_337 } as const;
const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const;
const state: IntentState = {
  intent: { id: 'a', to: owner.account, data: '0x', value: 1n, confirmations: 2 },
  digest: hash(0),
  nonce: 5n,
  gas: 21_000n,
  versions: [1, 2].map((n) => ({ hash: hash(n), raw: '0x02' as const, fees: { max: 1n, tip: 1n } })),
  end: null,
};

/** A node with its head at 1000, which counts the account's sixth transaction from `usedAt` on and holds `mined` there. */
function ask(usedAt: number, mined: number, stateFrom = 0) {
  const asked: number[] = [];
  const answer = isTakenByAnother(
    async (method, [first, second]) => {
      if (method === 'eth_chainId') return '0x7a69';
      if (method === 'eth_getBlockByNumber') {
        const number = first === 'latest' ? 1000 : Number(first);
        const transactions = number === usedAt ? [hash(77), hash(mined)] : [hash(number + 10_000)];
        return { number: `0x${number.toString(16)}`, hash: hash(number), parentHash: hash(number - 1), transactions };
      }
      if (method !== 'eth_getTransactionCount') throw nodeErrorOf(method, { code: -32601, message: 'method not found' });
      asked.push(Number(second));
      if (Number(second) < stateFrom) throw nodeErrorOf(method, { code: -32000, message: 'missing trie node' });
      return Number(second) >= usedAt ? '0x6' : '0x5';
    },
    owner,
    state,
    12,
  );
  return { answer, asked };
}

describe('a nonce that is used', () => {
  it.each([988, 987, 986, 980, 900, 512, 1, 0])('in block %i by a stranger is taken', async (block) => {
    expect(await ask(block, 99).answer).toBe(true);
  });

  it.each([988, 987, 900, 1, 0])('in block %i by a form of the intent is not, whatever receipts a node lacks', async (block) => {
    for (const form of [1, 2]) expect(await ask(block, form).answer).toBe(false);
  });

  it('at a depth that may be orphaned yet is not taken', async () => {
    expect(await ask(989, 99).answer).toBe(false);
  });

  it('is found in few questions, near the head first', async () => {
    const { answer, asked } = ask(980, 99, 960);
    expect(await answer).toBe(true);
    expect(asked.length).toBeLessThan(10);
  });

  it('where the node has no state of that time is not told', async () => {
    await expect(ask(500, 99, 900).answer).rejects.toMatchObject({ kind: 'node' });
  });
});
