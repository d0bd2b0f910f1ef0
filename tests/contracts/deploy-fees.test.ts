/** What a deployment pays, and what becomes of transactions that wait, on a real chain behind a node that lies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hex, parseTransaction } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FEE_MAX, TIP_MAX } from '../../packages/server/src/settle/deploy/fees.ts';
import { DEV_PHRASE } from '../../packages/server/src/settle/deploy/networks.ts';
import { deployOrder } from '../../packages/server/src/settle/deploy/order.ts';
import { viemPort } from '../../packages/server/src/settle/deploy/port.ts';
import { anvilPath, type DevChain, devChain } from '../support/dev-chain.ts';
import { type RpcProxy, rpcProxy } from '../support/rpc-proxy.ts';

const { address } = mnemonicToAccount(DEV_PHRASE);
const GWEI = 1_000_000_000n;
const IN_BETWEEN = 'Another transaction of the deployer came in between.';
const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;

describe.skipIf(anvilPath === undefined)('the fees of a deployment (needs anvil)', () => {
  let chain: DevChain;
  let proxy: RpcProxy;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tally-deploy-'));
    chain = await devChain();
    proxy = await rpcProxy(chain.url);
  });
  afterEach(async () => {
    await proxy.stop();
    await chain.end();
    rmSync(folder, { recursive: true });
  });

  const deploy = (feeMax?: bigint) => deployOrder({ network: 'local' }, {}, proxy.url, () => join(folder, 'deployment.json'), feeMax);
  const nonce = async () => Number(await chain.ask<Hex>('eth_getTransactionCount', [address, 'latest']));
  const balance = async () => BigInt(await chain.ask<Hex>('eth_getBalance', [address, 'latest']));
  /** One wei to itself, in the place of the first transaction. */
  const waiting = (max: bigint, tip: bigint) =>
    chain.ask<Hex>('eth_sendTransaction', [
      { from: address, to: address, value: '0x1', nonce: '0x0', maxFeePerGas: quantity(max), maxPriorityFeePerGas: quantity(tip) },
    ]);

  it('are told, to the wei', async () => {
    const before = await balance();
    const { fee_wei, gas, steps } = await deploy();
    expect(BigInt(fee_wei)).toBe(before - (await balance()));
    expect(gas).toBeGreaterThan(30_000_000);
    expect(await nonce()).toBe(steps.length);
    expect((await deploy()).fee_wei).toBe('0');
  });

  it('are bounded whatever a node asks for', async () => {
    const offered: { max: bigint; tip: bigint }[] = [];
    proxy.spoil = ({ method, params }) => {
      if (method === 'eth_maxPriorityFeePerGas') return { result: quantity(10n ** 15n) };
      if (method !== 'eth_sendRawTransaction') return null;
      const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(params[0] as Hex);
      offered.push({ max: maxFeePerGas, tip: maxPriorityFeePerGas });
      return null;
    };
    await deploy();
    expect(offered.length).toBeGreaterThan(20);
    for (const { max, tip } of offered) {
      expect(max).toBeLessThanOrEqual(FEE_MAX);
      expect(tip).toBe(TIP_MAX);
    }
  });

  it('are refused above what is to be paid, before anything is sent', async () => {
    await chain.ask('anvil_setNextBlockBaseFeePerGas', [quantity(50n * GWEI)]);
    await chain.ask('anvil_mine', ['0x1']);
    await expect(deploy()).rejects.toMatchObject({ code: 'DEPLOY_REFUSED', message: /base fee is 50 gwei, and 20 are the most/ });
    expect(await nonce()).toBe(0);
    await expect(deploy(200n * GWEI)).resolves.toMatchObject({ gas_is: 'measured' });
  });

  it('rise where an earlier transaction waits: it is replaced, and nothing is sent behind it', async () => {
    await chain.ask('evm_setAutomine', [false]);
    const stuck = await waiting(9n * GWEI, GWEI / 4n);
    let isMining = false;
    proxy.spoil = ({ method }) => {
      // The first thing that is asked once a transaction is taken: blocks go on from there.
      if (method === 'eth_getTransactionReceipt' && !isMining) {
        isMining = true;
        void chain.ask('evm_setAutomine', [true]);
      }
      return method === 'eth_maxPriorityFeePerGas' ? { result: quantity(GWEI / 10n) } : null;
    };
    const { steps } = await deploy();
    expect(await nonce()).toBe(steps.length);
    expect(await chain.ask('eth_getTransactionReceipt', [stuck]).catch(() => null)).toBeNull();
  });

  it('end where what waits offers as much as may be offered', async () => {
    await chain.ask('evm_setAutomine', [false]);
    await waiting(FEE_MAX, TIP_MAX);
    await expect(deploy()).rejects.toMatchObject({ code: 'DEPLOY_FAILED', message: /nonce 0: another one waits there.*--max-fee/ });
    expect(await chain.ask<Hex>('eth_getTransactionCount', [address, 'pending'])).toBe('0x1');
  });

  it('are paid once where the answer to a transaction is lost', async () => {
    let sent = 0;
    proxy.spoil = ({ method }) => (method === 'eth_sendRawTransaction' && sent++ === 0 ? { error: 'nonce too low', after: true } : null);
    const { steps } = await deploy();
    expect(await nonce()).toBe(steps.length);
  });

  it('are told of, and not waited for, where another transaction took the nonce', async () => {
    // It says that it took what it lets fall.
    proxy.spoil = ({ method }) => {
      if (method === 'eth_getTransactionReceipt') return { result: null };
      if (method !== 'eth_sendRawTransaction') return null;
      void waiting(9n * GWEI, GWEI);
      return { result: `0x${'ab'.repeat(32)}` };
    };
    const port = await viemPort(proxy.url, mnemonicToAccount(DEV_PHRASE), 1, 20);
    await expect(port.send(address, '0x', 21_000n)).rejects.toMatchObject({ code: 'DEPLOY_FAILED', message: IN_BETWEEN });
  });

  it('are not offered where a node refuses the transaction for another reason', async () => {
    proxy.spoil = ({ method }) => (method === 'eth_sendRawTransaction' ? { error: 'nonce too low' } : null);
    const port = await viemPort(proxy.url, mnemonicToAccount(DEV_PHRASE), 1, 20);
    const refused = { code: 'DEPLOY_FAILED', message: IN_BETWEEN };
    await expect(port.send(address, '0x', 21_000n)).rejects.toMatchObject(refused);
  });
});
