import { encodeDeployData, encodeFunctionData } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifacts } from '../../contracts/artifacts/index.ts';
import type { Hex } from '../../packages/core/src/index.ts';
import { ChainRevert } from '../../packages/server/src/settle/chain/revert.ts';
import type { Sender } from '../../packages/server/src/settle/chain/sender.ts';
import { keySigner } from '../../packages/server/src/settle/chain/signer.ts';
import { ANVIL, CHAIN_ID, type ChainNode, DEV_KEYS, startChain } from '../support/chain-node.ts';
import { freshPayee, listeningLog, MemoryJournal, openSender, payment, type SenderSetting, SpoiltNode, soon } from '../support/sending.ts';

const KEY = DEV_KEYS[1] as Hex;
const ME = keySigner(KEY).address;
const OTHER = keySigner(DEV_KEYS[2] as Hex).address;
const hex = (n: bigint): Hex => `0x${n.toString(16)}`;
const GWEI = 1_000_000_000n;
const HIGH_FEE = { maxFeePerGas: '0x1bf08eb000', maxPriorityFeePerGas: '0x1bf08eb000' };

describe.skipIf(ANVIL === undefined)('the sender (needs anvil)', () => {
  let chain: ChainNode;
  const senders: Sender[] = [];
  const open = async (journal: MemoryJournal, setting: SenderSetting = {}, node: SpoiltNode = new SpoiltNode(chain.node.rpc)) => {
    const sender = await openSender(node, journal, { key: KEY, ...setting });
    senders.push(sender);
    return sender;
  };
  const automine = (on: boolean) => chain.ask('evm_setAutomine', on);
  /** Waits until the node has it: an intent is open before it is sent. */
  const pooled = (sender: Sender) =>
    soon(async () => {
      const { hash } = sender.open.at(-1) as { hash: Hex };
      expect(await chain.ask('eth_getTransactionByHash', hash)).not.toBe(null);
    });
  const deployed = async (data: Hex): Promise<Hex> => {
    const hash = await chain.ask('eth_sendTransaction', { from: OTHER, data });
    return soon(async () => {
      const receipt = await chain.ask('eth_getTransactionReceipt', hash);
      expect(receipt).not.toBe(null);
      return (receipt as { contractAddress: Hex }).contractAddress;
    });
  };
  const nonce = async (tag = 'latest') => BigInt((await chain.ask('eth_getTransactionCount', ME, tag)) as string);

  beforeAll(async () => {
    chain = await startChain();
  });
  afterAll(() => chain.stop());
  const fresh = () =>
    soon(async () => {
      await Promise.all(senders.splice(0).map((sender) => sender.close()));
      await automine(true);
      await chain.mine();
    });

  it('sends once, however often it is asked', async () => {
    await fresh();
    const journal = new MemoryJournal();
    const sender = await open(journal);
    const to = freshPayee();
    const before = await nonce();
    const outcomes = await Promise.all([1, 2, 3].map(() => sender.send(payment('a', to))));
    expect(outcomes[0]).toMatchObject({ id: 'a', status: 'success', reason: null });
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(await chain.balance(to)).toBe(1000n);
    expect(await nonce()).toBe(before + 1n);
    await sender.close();
    const again = await open(journal);
    expect(await again.send(payment('a', to))).toEqual(outcomes[0]);
    expect(await chain.balance(to)).toBe(1000n);
    await expect(again.send(payment('a', to, 1001n))).rejects.toMatchObject({ code: 'STATE_INVALID' });
    await expect(again.send(payment('12n', to))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(again.outcome('b')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives each its own nonce, without a gap, and no more are on their way than may be', async () => {
    await fresh();
    await automine(false);
    const journal = new MemoryJournal();
    const sender = await open(journal, { inFlightMax: 4 });
    const payees = Array.from({ length: 10 }, freshPayee);
    const before = await nonce();
    const all = Promise.all(payees.map((to, i) => sender.send(payment(`p${i}`, to))));
    await soon(() => expect(sender.open.length).toBe(4));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sender.open.map((each) => each.nonce - before)).toEqual([0n, 1n, 2n, 3n]);
    const miner = setInterval(() => void chain.mine(), 20);
    await all.finally(() => clearInterval(miner));
    for (const to of payees) expect(await chain.balance(to)).toBe(1000n);
    expect(await nonce()).toBe(before + 10n);
  });

  it('waits for the confirmations that are wanted', async () => {
    await fresh();
    const sender = await open(new MemoryJournal());
    let isDone = false;
    const to = freshPayee();
    const done = sender.send(payment('a', to, 1n, 3)).then(() => {
      isDone = true;
    });
    await soon(async () => expect(await chain.balance(to)).toBe(1n));
    await chain.mine(1);
    await sender.tick();
    await sender.tick();
    expect(isDone).toBe(false);
    await chain.mine(1);
    await done;
  });

  it.each(['before', 'after'] as const)('killed %s the node has the bytes: the next start pays once, with the same nonce', async (when) => {
    await fresh();
    const journal = new MemoryJournal();
    const node = new SpoiltNode(chain.node.rpc);
    node.spoil = (method) => (method === 'eth_sendRawTransaction' ? when : null);
    await automine(false);
    const sender = await open(journal, {}, node);
    const to = freshPayee();
    const lost = sender.send(payment('a', to));
    await soon(() => expect(journal.state('a')?.versions.length).toBe(1));
    await soon(() => expect(node.asked).toContain('eth_sendRawTransaction'));
    await Promise.all([expect(lost).rejects.toMatchObject({ code: 'SHUTTING_DOWN' }), sender.close()]);
    await automine(true);
    const again = await open(journal);
    if (when === 'after') await chain.mine();
    const outcome = await again.send(payment('a', to));
    expect(outcome).toMatchObject({ status: 'success', hash: journal.state('a')?.versions[0]?.hash });
    expect(journal.state('a')?.versions.length).toBe(1);
    expect(await chain.balance(to)).toBe(1000n);
  });

  it.each(['before', 'after'] as const)('killed %s the intent is on disk', async (when) => {
    await fresh();
    const journal = new MemoryJournal();
    const node = new SpoiltNode(chain.node.rpc);
    const sender = await open(journal, {}, node);
    const to = freshPayee();
    journal.die = when;
    await expect(sender.send(payment('a', to))).rejects.toThrow('killed');
    expect(node.asked).not.toContain('eth_sendRawTransaction');
    await sender.close();
    const again = await open(journal);
    expect(again.open.length).toBe(when === 'after' ? 1 : 0);
    await again.send(payment('a', to));
    expect(await chain.balance(to)).toBe(1000n);
  });

  it('an intent whose signed form was torn off the journal is signed again with its nonce', async () => {
    await fresh();
    const journal = new MemoryJournal();
    const sender = await open(journal);
    journal.die = 'after';
    const to = freshPayee();
    await expect(sender.send(payment('a', to))).rejects.toThrow('killed');
    await sender.close();
    expect(journal.records.map(({ t }) => t)).toEqual(['owner', 'intent', 'version']);
    journal.records = journal.records.slice(0, 2);
    const again = await open(journal);
    expect((await again.outcome('a')).status).toBe('success');
    expect(await chain.balance(to)).toBe(1000n);
  });

  it('raises both fees by an eighth at least, up to the cap, and then says so', async () => {
    await fresh();
    await automine(false);
    const journal = new MemoryJournal();
    const { log, told } = listeningLog();
    const sender = await open(journal, { bumpMs: 0, feeCap: 6n * GWEI, tipMin: GWEI, log });
    const to = freshPayee();
    const done = sender.send(payment('a', to));
    await soon(() => expect(sender.open[0]?.trouble).toBe('CHAIN_STUCK'));
    const fees = (journal.state('a')?.versions ?? []).map((version) => version.fees);
    expect(fees.length).toBeGreaterThan(3);
    for (const [i, { max, tip }] of fees.entries()) {
      const last = fees[i - 1];
      expect(max <= 6n * GWEI && tip <= max).toBe(true);
      if (last !== undefined) expect(8n * max >= 9n * last.max && 8n * tip >= 9n * last.tip).toBe(true);
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(told.filter(({ facts }) => facts['trouble'] === 'CHAIN_STUCK').length).toBe(1);
    await chain.mine();
    expect((await done).hash).toBe(journal.state('a')?.versions.at(-1)?.hash);
    expect(await chain.balance(to)).toBe(1000n);
  });

  it('is not stopped by a base fee that rose above its own', async () => {
    await fresh();
    await automine(false);
    const sender = await open(new MemoryJournal(), { bumpMs: 30 });
    const to = freshPayee();
    const done = sender.send(payment('a', to));
    await soon(() => expect(sender.open.length).toBe(1));
    await chain.ask('anvil_setNextBlockBaseFeePerGas', `0x${(50n * GWEI).toString(16)}`);
    await chain.mine();
    expect(await chain.balance(to)).toBe(0n);
    const miner = setInterval(() => void chain.mine(), 30);
    await done.finally(() => clearInterval(miner));
    expect(await chain.balance(to)).toBe(1000n);
    await chain.mine(60);
  });

  it('sends again what a node forgot', async () => {
    await fresh();
    await automine(false);
    const sender = await open(new MemoryJournal());
    const to = freshPayee();
    const done = sender.send(payment('a', to));
    await pooled(sender);
    const { hash } = sender.open[0] as { hash: Hex };
    await chain.ask('anvil_dropTransaction', hash);
    await soon(async () => expect(await chain.ask('eth_getTransactionByHash', hash)).not.toBe(null));
    await chain.mine();
    await done;
    expect(await chain.balance(to)).toBe(1000n);
  });

  it('sends again, with the same nonce, what a reorganisation took out', async () => {
    await fresh();
    const { log, told } = listeningLog();
    const journal = new MemoryJournal();
    const sender = await open(journal, { log });
    const to = freshPayee();
    const before = await nonce();
    const snapshot = await chain.ask('evm_snapshot');
    const done = sender.send(payment('a', to, 1000n, 4));
    await soon(async () => expect(await chain.balance(to)).toBe(1000n));
    await sender.tick();
    await sender.tick();
    await automine(false);
    await chain.ask('evm_revert', snapshot);
    await chain.mine(2);
    expect(await chain.balance(to)).toBe(0n);
    await soon(() => expect(told.some(({ message }) => message.includes('orphaned'))).toBe(true));
    await soon(async () => expect(await nonce('pending')).toBe(before + 1n));
    await chain.mine(4);
    expect(await done).toMatchObject({ status: 'success', hash: journal.state('a')?.versions[0]?.hash });
    expect(await chain.balance(to)).toBe(1000n);
    expect(await nonce()).toBe(before + 1n);
  });

  it('restores what was done, where a fork takes it out later', async () => {
    await fresh();
    const { log, told } = listeningLog();
    const journal = new MemoryJournal();
    const sender = await open(journal, { log, takenDepthBlocks: 20 });
    const to = freshPayee();
    const snapshot = await chain.ask('evm_snapshot');
    await sender.send(payment('a', to));
    await automine(false);
    await chain.ask('evm_revert', snapshot);
    await chain.mine();
    expect(await chain.balance(to)).toBe(0n);
    await soon(() => expect(told.some(({ message }) => message.includes('was done was orphaned'))).toBe(true));
    await soon(() => expect(sender.open.map(({ id }) => id)).toEqual(['a']));
    const after = sender.send(payment('b', to, 1n));
    await soon(async () => {
      await chain.mine();
      expect(await chain.balance(to)).toBe(1001n);
    });
    await after;
    expect(journal.state('a')?.versions.length).toBe(1);
    expect(await sender.outcome('a')).toEqual(journal.state('a')?.end);
  });

  it('tells another outcome, where what was done comes back as a refusal', async () => {
    await fresh();
    const { abi, bytecode } = artifacts.TestAsset;
    const to = await deployed(encodeDeployData({ abi, bytecode }));
    const from = (functionName: 'mint' | 'approve', args: readonly [Hex, bigint], fee: object = {}) =>
      chain.ask('eth_sendTransaction', { from: OTHER, to, data: encodeFunctionData({ abi, functionName, args }), ...fee });
    await from('mint', [OTHER, 100n]);
    await from('approve', [ME, 100n]);
    await chain.mine();
    const { log, told } = listeningLog();
    const journal = new MemoryJournal();
    const sender = await open(journal, { log, takenDepthBlocks: 40 });
    const data = encodeFunctionData({ abi, functionName: 'transferFrom', args: [OTHER, ME, 100n] });
    const snapshot = await chain.ask('evm_snapshot');
    const first = await sender.send({ id: 'pull', to, data, value: 0n, confirmations: 1 });
    expect(first.status).toBe('success');
    await automine(false);
    await chain.ask('evm_revert', snapshot);
    await from('approve', [ME, 0n], HIGH_FEE);
    await chain.mine(2);
    await soon(async () => {
      await chain.mine();
      expect(journal.state('pull')?.end?.status).toBe('reverted');
    });
    expect(await sender.outcome('pull')).toMatchObject({ status: 'reverted', hash: first.hash });
    expect(told.some(({ message }) => message.includes('was done was orphaned'))).toBe(true);
    expect(journal.state('pull')?.versions.length).toBe(1);
  });

  it('says so where a stranger took the nonce, and pays nothing then or later', async () => {
    await fresh();
    await automine(false);
    const journal = new MemoryJournal();
    const sender = await open(journal, { bumpMs: 50, feeCap: 5n * GWEI });
    const [to, stranger] = [freshPayee(), freshPayee()];
    const done = sender.send(payment('a', to));
    const failed = expect(done).rejects.toMatchObject({ code: 'CHAIN_REPLACED' });
    await soon(() => expect(sender.open.length).toBe(1));
    const fees = { max: 100n * GWEI, tip: 90n * GWEI };
    const raw = await keySigner(KEY).sign({
      chainId: CHAIN_ID,
      nonce: await nonce(),
      to: stranger,
      data: '0x',
      value: 5n,
      gas: 21_000n,
      fees,
    });
    await chain.ask('eth_sendRawTransaction', raw);
    await chain.mine(1);
    await sender.tick();
    await sender.tick();
    expect(sender.open.length).toBe(1);
    await chain.mine(5);
    await failed;
    expect([await chain.balance(to), await chain.balance(stranger)]).toEqual([0n, 5n]);
    await expect(sender.send(payment('a', to))).rejects.toMatchObject({ code: 'CHAIN_REPLACED' });
    const next = sender.send(payment('b', to));
    await pooled(sender);
    await chain.mine();
    await next;
    expect(await chain.balance(to)).toBe(1000n);
  });

  it('tells of what was given up, where a fork gives its nonce back and it is mined', async () => {
    await fresh();
    const { log, told } = listeningLog();
    const journal = new MemoryJournal();
    const sender = await open(journal, { bumpMs: 50, feeCap: 5n * GWEI, log });
    const to = freshPayee();
    const snapshot = await chain.ask('evm_snapshot');
    await automine(false);
    const failed = expect(sender.send(payment('a', to))).rejects.toMatchObject({ code: 'CHAIN_REPLACED' });
    await soon(() => expect(sender.open.length).toBe(1));
    await chain.ask('eth_sendTransaction', { from: ME, to: OTHER, value: '0x1', nonce: hex(await nonce()), ...HIGH_FEE });
    await chain.mine(6);
    await failed;
    await chain.ask('evm_revert', snapshot);
    const version = journal.state('a')?.versions.at(-1);
    await chain.ask('eth_sendRawTransaction', version?.raw);
    await chain.mine();
    expect(await chain.balance(to)).toBe(1000n);
    expect(await soon(() => sender.outcome('a'))).toMatchObject({ status: 'success', hash: version?.hash });
    expect(told.some(({ message }) => message.includes('given up is mined'))).toBe(true);
  });

  it('does not give up what only lacks its receipt, however long', async () => {
    await fresh();
    const node = new SpoiltNode(chain.node.rpc);
    node.answer = (method) => (method === 'eth_getTransactionReceipt' ? null : undefined);
    const sender = await open(new MemoryJournal(), { bumpMs: 0 }, node);
    const to = freshPayee();
    const done = sender.send(payment('a', to));
    await soon(async () => expect(await chain.balance(to)).toBe(1000n));
    await chain.mine(6);
    await soon(() => expect(sender.open).toMatchObject([{ id: 'a', trouble: 'CHAIN_NODE_FAILED' }]));
    await sender.tick();
    await sender.tick();
    expect(sender.open.length).toBe(1);
    node.answer = null;
    expect(await done).toMatchObject({ status: 'success' });
  });

  it('names a contract’s error before anything is sent, and takes a mined refusal for an outcome', async () => {
    await fresh();
    const { abi, bytecode } = artifacts.TestAsset;
    const contractAddress = await deployed(encodeDeployData({ abi, bytecode }));
    const from = (who: Hex, functionName: 'mint' | 'approve', args: readonly [Hex, bigint], fee: object = {}) =>
      chain.ask('eth_sendTransaction', { from: who, to: contractAddress, data: encodeFunctionData({ abi, functionName, args }), ...fee });
    await from(OTHER, 'mint', [OTHER, 100n]);
    await chain.mine();
    const sender = await open(new MemoryJournal(), { abis: [abi] });
    const pull = encodeFunctionData({ abi, functionName: 'transferFrom', args: [OTHER, ME, 100n] });
    const intent = { id: 'pull', to: contractAddress, data: pull, value: 0n, confirmations: 1 };
    const refused = await sender.send(intent).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ChainRevert);
    expect(refused).toMatchObject({ code: 'CHAIN_REVERTED', errorName: 'ERC20InsufficientAllowance', args: [ME, 0n, 100n] });
    expect(sender.open).toEqual([]);
    await from(OTHER, 'approve', [ME, 100n]);
    await chain.mine();
    await automine(false);
    const done = sender.send(intent);
    await pooled(sender);
    await from(OTHER, 'approve', [ME, 0n], HIGH_FEE);
    await chain.mine();
    expect(await done).toMatchObject({ status: 'reverted' });
    expect(sender.open).toEqual([]);
  });

  it('refuses what needs more gas than a transaction may have, and what cannot be paid', async () => {
    await fresh();
    const node = new SpoiltNode(chain.node.rpc);
    node.answer = (method) => (method === 'eth_estimateGas' ? '0x1000001' : undefined);
    const sender = await open(new MemoryJournal(), {}, node);
    await expect(sender.send(payment('a', freshPayee()))).rejects.toMatchObject({ code: 'CHAIN_GAS_TOO_MUCH' });
    node.answer = (method) => (method === 'eth_estimateGas' ? '0xffffff' : undefined);
    const to = freshPayee();
    await sender.send(payment('b', to));
    const poor = await open(new MemoryJournal(), { key: `0x${'77'.repeat(32)}` });
    await expect(poor.send(payment('c', to))).rejects.toMatchObject({ code: 'CHAIN_FUNDS_LOW' });
    expect(poor.open).toEqual([]);
  });

  it('does not begin at a node that forgot what was confirmed', async () => {
    await fresh();
    const journal = new MemoryJournal();
    const node = new SpoiltNode(chain.node.rpc);
    const sender = await open(journal, {}, node);
    await sender.send(payment('a', freshPayee()));
    node.answer = (method) => (method === 'eth_getTransactionCount' ? '0x0' : undefined);
    await expect(sender.send(payment('b', freshPayee()))).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  });
});
