/** The keeper of the embedded chain by itself: it ends in order whatever becomes of the daemon that started it. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { rpc } from '../../packages/server/src/app/chain/anvil.ts';
import type { KeeperSays } from '../../packages/server/src/app/chain/keeper-lines.ts';
import { eventually } from '../support/calling.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { anvilPath } from '../support/dev-chain.ts';
import { isRunning } from '../support/processes.ts';

const MAIN = fileURLToPath(new URL('../../packages/server/src/app/chain/keeper.ts', import.meta.url));
let ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends) end();
  ends = [];
});

function startKeeper(folder: string, anvil = anvilPath ?? '') {
  const args = ['--disable-warning=ExperimentalWarning', MAIN, JSON.stringify({ anvil, folder, port: null, chainId: 31_337 })];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  const said: KeeperSays[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line) as KeeperSays));
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, said, code };
}

/** Where it listens, and what listens there. */
const listening = ({ said }: ReturnType<typeof startKeeper>) =>
  eventually('the chain is up', async () => said.flatMap((line) => ('url' in line ? [line] : []))[0]);

const blocksIn = (file: string) =>
  Number((JSON.parse(readFileSync(file, 'utf8')) as { best_block_number: number | string }).best_block_number);

describe.skipIf(anvilPath === undefined)('the keeper of the embedded chain (needs anvil)', () => {
  it('whom nobody hears any more deploys, writes the last state, and ends with its anvil', async () => {
    const folder = temporaryFolder();
    const keeper = startKeeper(folder);
    const { url, anvil } = await listening(keeper);
    // The daemon was killed: what is said from here on is for nobody, the end of the deployment among it.
    keeper.child.stdout.destroy();
    await eventually('the contracts are deployed', async () => existsSync(join(folder, 'deployment.json')) || !isRunning(anvil.pid));
    const [from] = await rpc<string[]>(url, 'eth_accounts');
    await rpc(url, 'eth_sendTransaction', [{ from, to: from, value: '0x1' }]);
    const blocks = Number(await rpc<string>(url, 'eth_blockNumber'));
    keeper.child.stdin.destroy();
    expect(await keeper.code).toBe(0);
    expect(isRunning(anvil.pid)).toBe(false);
    expect(blocksIn(join(folder, 'state.json'))).toBe(blocks);
  });

  it('that fails once anvil is up says so, and takes it with it', async () => {
    const folder = temporaryFolder();
    // The mark of what runs cannot be written, as on a disk that is full.
    const program = join(folder, 'anvil');
    writeFileSync(program, `#!/bin/sh\n/bin/mkdir '${folder}/anvil.json'\necho $$ > '${folder}/pid'\nexec '${anvilPath}' "$@"\n`);
    chmodSync(program, 0o700);
    const keeper = startKeeper(folder, program);
    expect(await keeper.code).toBe(1);
    expect(keeper.said).toEqual([{ failed: expect.any(String) }]);
    expect(isRunning(Number(readFileSync(join(folder, 'pid'), 'utf8')))).toBe(false);
  });
});
