/**
 * The keeper of the embedded chain: a process between the daemon and anvil. It ends when the daemon does, however that ends (its standard
 * input is the daemon's end of a pipe), writes the last state and takes anvil with it. The contracts are deployed from here too, so that the
 * daemon that serves callers does nothing for it. What happens is told in JSON lines on standard output.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import { systemClock } from '#ground/clock';
import { type FileLock, tryLockFile } from '#ground/database';
import { describe } from '#ground/describe';
import { ensurePrivateFolder, readFileIfThere, writeDurable } from '#ground/files';
import { loadDeploy } from '#settle';
import { type Anvil, killLeftover, rpc, startAnvil } from './anvil.ts';
import { type KeeperOptions, type KeeperSays, PORT_USUAL, type Running } from './keeper-lines.ts';
import { StateKeeper } from './state-keeper.ts';

const LOCK_WITHIN_MS = 10_000;
const LOCK_EVERY_MS = 50;

const say = (line: KeeperSays) => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function main(options: KeeperOptions): Promise<void> {
  const parentGone = new Promise<void>((resolve) => {
    process.stdin.once('close', resolve).once('end', resolve).resume();
  });
  // They reach a whole group of processes: the daemon ends first, in its own time, and then this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  // Nobody hears it where the daemon is gone. The last state is written all the same.
  process.stdout.on('error', () => {});
  await ensurePrivateFolder(options.folder);
  const lock = await takeLock(join(options.folder, 'lock'));
  try {
    await keep(options, parentGone);
  } finally {
    lock.release();
  }
  process.exit(0);
}

/** Until the daemon is gone. Whatever fails on the way, anvil is not left behind. @throws CHAIN_EMBEDDED_FAILED */
async function keep(options: KeeperOptions, parentGone: Promise<void>): Promise<void> {
  const mark = join(options.folder, 'anvil.json');
  const left = readFileIfThere(mark);
  if (left !== null) endLeftover(left);
  const file = join(options.folder, 'state.json');
  const anvil = await start(options, file);
  try {
    const running: Running = { pid: anvil.pid, command: anvil.command };
    await writeDurable(mark, JSON.stringify(running));
    const url = `http://127.0.0.1:${anvil.port}`;
    say({ url, chain_id: options.chainId, anvil: running });
    const state = new StateKeeper(url, file, systemClock, (unwritten) => say({ unwritten }));
    state.start();
    void deploy(options, url);
    const lost = anvil.ended.then(() => {
      throw new TallyError('CHAIN_EMBEDDED_FAILED', 'anvil ended.');
    });
    await Promise.race([parentGone, lost]);
    await state.close();
  } finally {
    await anvil.end();
  }
}

/** The keeper before this one may still be writing its last state. */
async function takeLock(file: string): Promise<FileLock> {
  for (let waited = 0; ; waited += LOCK_EVERY_MS) {
    const lock = tryLockFile(file);
    if (lock !== null) return lock;
    if (waited >= LOCK_WITHIN_MS) throw new TallyError('DATA_LOCKED', 'Another process keeps the embedded chain of this data folder.');
    await delay(LOCK_EVERY_MS);
  }
}

function endLeftover(mark: Uint8Array): void {
  try {
    const { pid, command } = JSON.parse(Buffer.from(mark).toString('utf8')) as Running;
    killLeftover(pid, command);
  } catch {
    // A mark that cannot be read leads to nobody.
  }
}

/** The usual port, or a free one where that is taken and no other was asked for. */
async function start({ anvil: path, port, chainId }: KeeperOptions, file: string): Promise<Anvil> {
  const state = readFileIfThere(file) === null ? null : file;
  try {
    return await startAnvil({ path, port: port ?? PORT_USUAL, chainId, state });
  } catch (error) {
    if (port !== null) throw error;
    return startAnvil({ path, port: 0, chainId, state });
  }
}

async function deploy({ folder }: KeeperOptions, url: string): Promise<void> {
  try {
    const { deployLocal } = await loadDeploy();
    // A chain without blocks has nobody's contracts: what an earlier chain left is not asked.
    const empty = (await rpc<string>(url, 'eth_blockNumber')) === '0x0';
    const { record, took } = await deployLocal(url, join(folder, 'deployment.json'), empty);
    say({ deployed: { contracts: Object.keys(record.contracts).length, steps: took } });
  } catch (cause) {
    // What TallyError says holds no input of anybody; of anything else only the kind is told.
    const why = cause instanceof TallyError ? cause.message : `${describe(cause)}.`;
    // After an update of the contracts an old state has others: to give it up is the operator's to decide.
    say({ failed: `the contracts were not deployed: ${why} To begin anew, stop and remove \`chain/state.json\` of the data folder` });
  }
}

main(JSON.parse(process.argv[2] ?? '{}') as KeeperOptions).catch((cause: unknown) => {
  say({ failed: cause instanceof TallyError ? cause.message : describe(cause) });
  process.exit(1);
});
