/** The record of a deployment on a real chain: where its events begin, however often it was cut short. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPublicClient, type Hex, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { build } from '../../packages/server/src/settle/deploy/build.ts';
import { readOrder } from '../../packages/server/src/settle/deploy/inputs.ts';
import { deployLocal } from '../../packages/server/src/settle/deploy/local.ts';
import { DEV_PHRASE } from '../../packages/server/src/settle/deploy/networks.ts';
import { deployOrder } from '../../packages/server/src/settle/deploy/order.ts';
import { type DeployPort, viemPort } from '../../packages/server/src/settle/deploy/port.ts';
import { readRecord } from '../../packages/server/src/settle/deploy/record.ts';
import { carryOut } from '../../packages/server/src/settle/deploy/run.ts';
import { anvilPath, type DevChain, devChain } from '../support/dev-chain.ts';
import { type RpcProxy, rpcProxy } from '../support/rpc-proxy.ts';

const account = mnemonicToAccount(DEV_PHRASE);
const BEFORE = 40;

describe.skipIf(anvilPath === undefined)('the record of a deployment (needs anvil)', () => {
  let chain: DevChain;
  let proxy: RpcProxy;
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tally-deploy-'));
    file = join(folder, 'deployment.json');
    chain = await devChain();
    proxy = await rpcProxy(chain.url);
    await chain.ask('anvil_mine', [`0x${BEFORE.toString(16)}`]);
  });
  afterEach(async () => {
    await proxy.stop();
    await chain.end();
    rmSync(folder, { recursive: true });
  });

  const order = () => deployOrder({ network: 'local' }, {}, proxy.url, () => file);
  const begun = () => JSON.parse(readFileSync(`${file}.begun`, 'utf8')) as { from_block: number };
  const firstEvent = async () => {
    const logs = await createPublicClient({ transport: http(chain.url) }).getLogs({ fromBlock: 0n });
    return Number(logs[0]?.blockNumber);
  };

  /** As if the process had been killed before the transaction after so many. */
  function cutAfter(transactions: number): void {
    let sent = 0;
    proxy.spoil = ({ method }) => (method === 'eth_sendRawTransaction' && sent++ >= transactions ? { error: 'killed' } : null);
  }

  async function carryOutPart(transactions: number): Promise<void> {
    const port = await viemPort(chain.url, account, 1, 20);
    let left = transactions;
    const dying: DeployPort = { ...port, send: (...sent) => (left-- <= 0 ? Promise.reject(new Error('killed')) : port.send(...sent)) };
    const deployment = build(readOrder({ network: 'local' }, await port.time()), account.address);
    await expect(carryOut(deployment, dying, async () => {})).rejects.toThrow('killed');
  }

  it('begins some blocks before the first transaction, and keeps that when it is run again', async () => {
    const first = await deployLocal(chain.url, file, true);
    const second = await deployLocal(chain.url, file, false);
    expect(first.took).toBeGreaterThan(20);
    expect(second).toEqual({ record: first.record, took: 0 });
    expect(await firstEvent()).toBe(BEFORE + 1);
    expect(first.record.from_block).toBe(BEFORE - 12);
    expect(readRecord(file)).toEqual(first.record);
    expect(existsSync(`${file}.begun`)).toBe(false);
  });

  it.each([1, 12])('begins where the first of several runs began: one was cut short after %i transactions', async (transactions) => {
    cutAfter(transactions);
    await expect(order()).rejects.toMatchObject({ code: 'DEPLOY_FAILED' });
    expect(begun().from_block).toBe(BEFORE - 12);
    expect(readRecord(file)).toBeNull();
    await chain.ask('anvil_mine', ['0x20']);
    cutAfter(1);
    await expect(order()).rejects.toMatchObject({ code: 'DEPLOY_FAILED' });
    proxy.spoil = () => null;
    await order();
    expect(readRecord(file)?.from_block).toBe(BEFORE - 12);
    expect(existsSync(`${file}.begun`)).toBe(false);
  });

  it('is of the whole chain where somebody else began, and nobody knows when', async () => {
    await carryOutPart(12);
    const { record } = await deployLocal(chain.url, file, false);
    expect(record.from_block).toBe(0);
  });

  it('does not believe what another chain left', async () => {
    const { record } = await deployLocal(chain.url, file, true);
    writeFileSync(file, JSON.stringify({ ...record, chain_id: 31_338, from_block: 3 }));
    writeFileSync(`${file}.begun`, '{"from_block":');
    expect((await deployLocal(chain.url, file, false)).record.from_block).toBe(0);
    expect((await deployLocal(chain.url, file, true)).record.from_block).toBe(0);
  });

  it('is refused before anything is sent where it cannot be written', async () => {
    file = join(folder, 'none', 'deployment.json');
    await expect(order()).rejects.toMatchObject({ code: 'DEPLOY_REFUSED', message: /cannot be written.*Nothing was sent/ });
    expect(await chain.ask<Hex>('eth_getTransactionCount', [account.address, 'latest'])).toBe('0x0');
  });
});
