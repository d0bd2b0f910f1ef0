import { describe, expect, it } from 'vitest';
import type { IntentState } from './intents.ts';
import type { Rpc } from './node.ts';
import { nodeErrorOf } from './node-error.ts';
import { lookAt } from './send-look.ts';

const ME = `0x${'01'.repeat(20)}` as const;
const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const;
const state: IntentState = {
  intent: { id: 'a', to: ME, data: '0x', value: 1n, confirmations: 2 },
  digest: hash(0),
  nonce: 5n,
  gas: 21_000n,
  versions: [1, 2].map((n) => ({ hash: hash(n), raw: '0x02' as const, fees: { max: 1n, tip: 1n } })),
  end: null,
};

type Chain = {
  /** Transactions of the account up to a block. */
  readonly count: (block: bigint) => number;
  readonly receipt?: { readonly of: number; readonly block: bigint; readonly blockHash: `0x${string}`; readonly status?: number };
  readonly known?: number;
};

/** A node with its head at 100; block n has the hash n. */
function node({ count, receipt, known }: Chain): Rpc {
  return async (method, [first, second]) => {
    if (method === 'eth_getBlockByNumber') {
      const number = first === 'latest' ? 100n : BigInt(first as string);
      return { number: `0x${number.toString(16)}`, hash: hash(Number(number)), parentHash: hash(Number(number) - 1) };
    }
    if (method === 'eth_chainId') return '0x7a69';
    if (method === 'eth_getTransactionCount') return `0x${count(BigInt(second as string)).toString(16)}`;
    if (method === 'eth_getTransactionByHash') return known !== undefined && first === hash(known) ? {} : null;
    if (method !== 'eth_getTransactionReceipt') throw nodeErrorOf(method, { code: -32601, message: 'method not found' });
    if (receipt === undefined || first !== hash(receipt.of)) {
      // Some nodes say it with an error.
      throw nodeErrorOf(method, { code: -32000, message: 'transaction not found' });
    }
    return { blockNumber: `0x${receipt.block.toString(16)}`, blockHash: receipt.blockHash, status: `0x${receipt.status ?? 1}` };
  };
}

const owner = { account: ME, chainId: 31_337 };

async function see(chain: Chain) {
  const { head, sights } = await lookAt(node(chain), owner, [state], 12);
  expect(head.number).toBe(100n);
  return sights[0];
}

describe('an intent on the chain', () => {
  it.each([
    [5, { is: 'waiting', isKnown: true, isNext: true }],
    [4, { is: 'waiting', isKnown: true, isNext: false }],
  ])('with %i transactions before it, it waits', async (count, sight) => {
    expect(await see({ count: () => count, known: 2 })).toEqual(sight);
  });

  it('that a node forgot is not known', async () => {
    expect(await see({ count: () => 5, known: 1 })).toMatchObject({ is: 'waiting', isKnown: false });
  });

  it.each([1, 2])('is mined in whichever form: %i', async (of) => {
    const mined = { hash: hash(of), block: 97n, blockHash: hash(97), status: 'success' };
    expect(await see({ count: () => 6, receipt: { of, block: 97n, blockHash: hash(97) } })).toEqual({
      is: 'mined',
      mined,
      confirmations: 4n,
    });
  });

  it('is mined too where it reverted', async () => {
    const sight = await see({ count: () => 6, receipt: { of: 2, block: 100n, blockHash: hash(100), status: 0 } });
    expect(sight).toMatchObject({ is: 'mined', mined: { status: 'reverted' }, confirmations: 1n });
  });

  it('is not mined by a receipt of a block that is not in the chain', async () => {
    expect(await see({ count: (at) => (at >= 97n ? 6 : 5), receipt: { of: 2, block: 97n, blockHash: hash(7) } })).toMatchObject({
      is: 'used',
    });
  });

  it.each([
    [89n, 'used'],
    [88n, 'taken'],
  ] as const)('whose nonce a stranger used in block %s is %s', async (block, is) => {
    expect(await see({ count: (at) => (at >= block ? 6 : 5) })).toMatchObject({ is });
  });
});

describe('the lowest nonce that nothing holds', () => {
  const at = (nonce: bigint, end: IntentState['end'] = null): IntentState => ({ ...state, nonce, end });
  it.each([
    [[at(5n)], 6n],
    [[at(5n), at(6n), at(8n)], 7n],
    [[at(1000n)], 5n],
    [[at(5n, { status: 'replaced', block: 80n }), at(6n)], 5n],
    [[at(5n, { id: 'a', hash: hash(1), block: 97n, status: 'success', reason: null }), at(6n)], 7n],
  ])('%#', async (states, missing) => {
    expect((await lookAt(node({ count: () => 5 }), owner, states, 12)).missing).toBe(missing);
  });
});

describe('a node whose address leads to another chain by now', () => {
  it('is not looked at', async () => {
    const elsewhere = { account: ME, chainId: 8453 };
    await expect(lookAt(node({ count: () => 6 }), elsewhere, [state], 12)).rejects.toMatchObject({ kind: 'node' });
  });
});
