/** The chains of the story: the one that the gateway starts by itself, and a second one to move to. Both end with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFoundry } from '../../../contracts/tools/foundry.js';
import { type DeploymentRecord, Stage, until } from './stage.ts';

const MAIN = fileURLToPath(import.meta.resolve('@tallystick/server/main'));
const TALLY = fileURLToPath(new URL('../../../packages/cli/bin/tally.js', import.meta.url));

export type Chain = {
  readonly stage: Stage;
  /** Runs the operator's command on the gateway of this chain. @returns whether it found everything right. */
  tally(...args: readonly string[]): Promise<boolean>;
  stop(): Promise<void>;
};

/** `npm start` in a folder of its own: the gateway starts the chain and deploys the contracts. */
export async function startEmbedded(): Promise<Chain> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-story-'));
  const port = await freePort();
  const env = { ...process.env, PORT: '0', TALLY_DATA_DIR: join(folder, 'data'), TALLY_CHAIN_PORT: String(port) };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--json'], { cwd: folder, env, stdio: 'ignore' });
  const file = join(folder, 'data', 'chain', 'deployment.json');
  const stop = () => end(child, folder);
  const tally = (...args: readonly string[]) => run(args, { ...env, TALLY_DATA_DIR: join(folder, 'data') });
  return { ...(await ready(file, port, stop)), tally };
}

/** A second local chain, with another id, deployed to by hand. */
export async function startSecond(): Promise<Omit<Chain, 'tally'>> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-story-'));
  const anvil = findFoundry('anvil');
  if (anvil === undefined) throw new Error('There is no anvil on this machine.');
  const port = await freePort();
  const child = spawn(anvil, ['--port', String(port), '--chain-id', '31338', '--silent'], { stdio: 'ignore' });
  const stop = () => end(child, folder);
  const file = join(folder, 'deployment.json');
  await run(['chain', 'deploy', '--network', 'local', '--rpc', `http://127.0.0.1:${port}`, '--out', file], process.env);
  return ready(file, port, stop);
}

async function ready(file: string, port: number, stop: () => Promise<void>): Promise<Omit<Chain, 'tally'>> {
  try {
    await until(async () => existsSync(file), 'The deployment of the contracts');
    const record = JSON.parse(readFileSync(file, 'utf8')) as DeploymentRecord;
    return { stage: new Stage(`http://127.0.0.1:${port}`, record), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', TALLY, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.on('data', (said: Buffer) => {
    for (const line of said.toString('utf8').trimEnd().split('\n')) console.log(`     ${line}`);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0;
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
