/** What stands between the daemon and anvil. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { killLeftover, rpc, startAnvil } from '../../packages/server/src/app/chain/anvil.ts';
import { StateKeeper } from '../../packages/server/src/app/chain/state-keeper.ts';
import { systemClock } from '../../packages/server/src/ground/clock.ts';
import { eventually } from '../support/calling.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { anvilPath, devChain, takePort } from '../support/dev-chain.ts';
import { childrenOf, isRunning } from '../support/processes.ts';

const ANVIL_TS = new URL('../../packages/server/src/app/chain/anvil.ts', import.meta.url).href;

/** A program that starts anvil and does nothing else: it has no handler of any signal, and never ends by itself. */
async function program() {
  const text = `const { startAnvil } = await import('${ANVIL_TS}');
    const { pid } = await startAnvil({ path: '${anvilPath}', port: 0, chainId: 31337, state: null });
    console.log(pid);`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', text];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const anvil = await new Promise<number>((resolve) =>
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line))),
  );
  return { child, anvil };
}

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

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with a program that %s ends, and leaves nothing', async (signal) => {
    const { child, anvil } = await program();
    const all = [anvil, ...childrenOf(anvil)];
    expect(isRunning(anvil)).toBe(true);
    child.kill(signal);
    for (const pid of all) await eventually('it has ended', async () => !isRunning(pid));
  });

  it('that is ended leaves nothing', async () => {
    const chain = await devChain();
    const watching = childrenOf(chain.pid);
    await chain.end();
    for (const pid of watching) await eventually('it has ended', async () => !isRunning(pid));
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
    await expect(none).rejects.toMatchObject({
      code: 'CHAIN_EMBEDDED_FAILED',
      message: 'anvil did not start: it could not be run.',
    });
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

  it('whose state cannot be written has that told once, and once more when it can be again', async () => {
    const chain = await devChain();
    const file = join(temporaryFolder(), 'state.json');
    const told: (string | null)[] = [];
    const state = new StateKeeper(chain.url, file, systemClock, (unwritten) => void told.push(unwritten));
    // As a disk that is full.
    mkdirSync(file);
    state.start();
    await eventually('it is told', async () => told.length > 0);
    await state.close();
    expect(told).toEqual(['EISDIR']);
    rmdirSync(file);
    await state.close();
    expect(told).toEqual(['EISDIR', null]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('best_block_number');
    await chain.end();
  });
});
