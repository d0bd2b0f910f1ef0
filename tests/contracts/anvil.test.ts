/** What stands between the daemon and anvil. */
import { describe, expect, it } from 'vitest';
import { killLeftover, rpc, startAnvil } from '../../packages/server/src/app/chain/anvil.ts';
import { anvilPath, devChain, takePort } from '../support/dev-chain.ts';
import { isRunning } from '../support/processes.ts';

describe.skipIf(anvilPath === undefined)('anvil (needs anvil)', () => {
  it('is ended where it was left over, and nothing else is, whoever has its old id', async () => {
    const chain = await devChain();
    killLeftover(chain.pid, chain.command.replace('--port 0', '--port 8545'));
    killLeftover(process.pid, chain.command);
    expect(isRunning(chain.pid)).toBe(true);
    killLeftover(chain.pid, chain.command);
    await chain.ended;
    killLeftover(chain.pid, chain.command);
  });

  it('is not mistaken for another program on its port', async () => {
    const first = await devChain();
    const again = startAnvil({ path: anvilPath ?? '', port: first.port, chainId: 31_337, state: null });
    await expect(again).rejects.toMatchObject({ code: 'CHAIN_EMBEDDED_FAILED', message: expect.stringContaining('port may be taken') });
    expect(await first.ask('eth_chainId')).toBe('0x7a69');
    await first.end();
  });

  it('that cannot be run, or is asked for nonsense, says so in our own words', async () => {
    const none = startAnvil({ path: '/nowhere/anvil', port: 0, chainId: 31_337, state: null });
    await expect(none).rejects.toMatchObject({ code: 'CHAIN_EMBEDDED_FAILED' });
    const chain = await devChain();
    await expect(chain.ask('no_suchMethod')).rejects.toMatchObject({
      code: 'CHAIN_EMBEDDED_FAILED',
      message: 'The chain refuses no_suchMethod.',
    });
    await chain.end();
    const silent = await takePort();
    await expect(rpc(`http://127.0.0.1:${silent.port}/a-key`, 'eth_chainId')).rejects.toMatchObject({
      message: 'The chain does not answer.',
    });
    await silent.free();
  });
});
