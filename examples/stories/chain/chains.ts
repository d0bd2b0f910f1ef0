/** The chains of the story: the one that the gateway starts by itself, and a second one to move to. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFoundry } from '../../../contracts/tools/foundry.js';
import { begin, ENV, temporaryFolder } from './programs.ts';
import { type DeploymentRecord, Stage, until } from './stage.ts';

const MAIN = fileURLToPath(import.meta.resolve('@tallystick/server/main'));
const TALLY = fileURLToPath(new URL('../../../packages/cli/bin/tally.js', import.meta.url));

export type Chain = {
  readonly stage: Stage;
  /** Runs the operator's command on the gateway of this chain. @returns whether it found everything right. */
  tally(...args: readonly string[]): Promise<boolean>;
};

/** `npm start` in a folder of its own: the gateway starts the chain and deploys the contracts. */
export async function startEmbedded(): Promise<Chain> {
  const port = await freePort();
  const folder = temporaryFolder();
  const env = { ...ENV, PORT: '0', TALLY_DATA_DIR: join(folder, 'data'), TALLY_CHAIN_PORT: String(port) };
  begin(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--json'], { cwd: folder, env, stdio: 'ignore' });
  const stage = await ready(join(folder, 'data', 'chain', 'deployment.json'), port);
  return { stage, tally: (...args) => run(args, env) };
}

/** A second local chain, with another id, deployed to by hand. */
export async function startSecond(): Promise<Stage> {
  const anvil = findFoundry('anvil');
  if (anvil === undefined) throw new Error('There is no anvil on this machine.');
  const port = await freePort();
  const folder = temporaryFolder();
  begin(anvil, ['--port', String(port), '--chain-id', '31338', '--silent'], { env: {}, stdio: 'ignore' });
  const file = join(folder, 'deployment.json');
  await run(['chain', 'deploy', '--network', 'local', '--rpc', `http://127.0.0.1:${port}`, '--out', file], ENV);
  return ready(file, port);
}

async function ready(file: string, port: number): Promise<Stage> {
  await until(async () => existsSync(file), 'The deployment of the contracts');
  const record = JSON.parse(readFileSync(file, 'utf8')) as DeploymentRecord;
  return new Stage(`http://127.0.0.1:${port}`, record);
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = begin(process.execPath, ['--disable-warning=ExperimentalWarning', TALLY, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout?.on('data', (said: Buffer) => {
    for (const line of said.toString('utf8').trimEnd().split('\n')) console.log(`     ${line}`);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0;
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
