import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hex } from '../../packages/core/src/index.ts';
import type { Sender } from '../../packages/server/src/settle/chain/sender.ts';
import { keySigner } from '../../packages/server/src/settle/chain/signer.ts';
import { ANVIL, type ChainNode, DEV_KEYS, startChain } from '../support/chain-node.ts';
import { between, seeded } from '../support/random.ts';
import { freshPayee, MemoryJournal, openSender, payment, SpoiltNode, soon } from '../support/sending.ts';

const SEED = Number(process.env['TALLY_TEST_SEED'] ?? 3);
const ROUNDS = process.env['TALLY_TEST_LONG'] === '1' ? 40 : 4;
const STEPS = 60;
const PAYMENTS = 12;

/** Each payment has an amount and a payee of its own, so that one that is missing, doubled or mixed up shows in a balance. */
describe.skipIf(ANVIL === undefined)('whatever breaks, each payment is made once (needs anvil)', () => {
  let chain: ChainNode;
  beforeAll(async () => {
    chain = await startChain('--no-mining');
  });
  afterAll(() => chain.stop());

  it.each(Array.from({ length: ROUNDS }, (_, i) => SEED * 1000 + i))(
    'seed %i',
    async (seed) => {
      const random = seeded(seed);
      const dice = (limit: number) => between(random, 0, limit - 1);
      const key = DEV_KEYS[1 + (seed % 3)] as Hex;
      const journal = new MemoryJournal();
      const payees = Array.from({ length: PAYMENTS }, freshPayee);
      const intents = payees.map((to, i) => payment(`p${i}`, to, BigInt(100 + i), 1 + dice(4)));
      const nonce = async () => BigInt((await chain.ask('eth_getTransactionCount', keySigner(key).address, 'latest')) as string);
      const before = await nonce();
      const setting = { key, bumpMs: 40, pollMs: 5, inFlightMax: 5, takenDepthBlocks: 200 };
      const breaking = () => {
        const node = new SpoiltNode(chain.node.rpc);
        node.spoil = () => (dice(12) === 0 ? (dice(2) === 0 ? 'before' : 'after') : null);
        return node;
      };
      let sender: Sender = await openSender(breaking(), journal, setting);
      for (let step = 0; step < STEPS; step += 1) {
        const intent = intents[dice(intents.length)] as (typeof intents)[0];
        const what = dice(10);
        if (what < 5) void sender.send(intent).catch(() => {});
        if (what === 5) await chain.mine();
        if (what === 6) journal.die = dice(2) === 0 ? 'before' : 'after';
        if (what === 7) {
          await sender.close();
          journal.die = null;
          sender = await openSender(breaking(), journal, setting);
        }
        if (what === 8) await chain.ask('anvil_dropAllTransactions');
        if (what === 9) {
          const snapshot = await chain.ask('evm_snapshot');
          await chain.mine(1 + dice(2));
          await sender.tick();
          if (dice(2) === 0) await chain.ask('evm_revert', snapshot);
        }
        await new Promise((resolve) => setTimeout(resolve, dice(12)));
      }
      await sender.close();
      journal.die = null;
      sender = await openSender(chain.node, journal, setting);
      const miner = setInterval(() => void chain.mine().catch(() => {}), 15);
      try {
        // While one that was done is out of the chain, nothing begins.
        const sent = (intent: (typeof intents)[0]) => soon(() => sender.send(intent));
        const outcomes = await Promise.all(intents.map(sent));
        expect(outcomes.every(({ status }) => status === 'success')).toBe(true);
        // One that was done before a fork took it out is restored, too.
        await soon(async () => expect((await nonce()) - before).toBe(BigInt(PAYMENTS)));
      } finally {
        clearInterval(miner);
        await sender.close();
      }
      for (const { to, value } of intents) expect(await chain.balance(to)).toBe(value);
      expect((await nonce()) - before).toBe(BigInt(PAYMENTS));
    },
    60_000,
  );
});
