import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Binaries, findPostgres } from './postgres-binaries.ts';
import { childrenOf, isRunning } from './processes.ts';

const READY_WITHIN_MS = 120_000;
const STANDBY_NAME = 'tally_standby';

/** A throw-away server of this process alone: durable as in earnest, reached over loopback or a socket of its own, by the role `postgres`. */
export type Cluster = {
  readonly port: number;
  readonly socketFolder: string;
  /** Over TCP. @param database that of the role where absent. */
  url(database?: string): string;
  /** Id of the postmaster while it runs. */
  pid(): number;
  log(): string;
  /** Writes a file of its data folder as its own. It is read at `pg_reload_conf()`. */
  write(name: string, text: string | Uint8Array): void;
  start(): Promise<void>;
  /** `fast`: sessions are ended, then a checkpoint; `immediate`: like a crash of the server. */
  stop(how: 'fast' | 'immediate'): Promise<void>;
  /** SIGKILL to every process of it, the sessions first frozen so that none finishes what it was about. */
  kill(): Promise<void>;
  /** A copy of it that follows; from here on every commit waits for it. Dispose it before this one. */
  standby(): Promise<Cluster>;
  /** A standby becomes a primary, on a new timeline. */
  promote(): void;
  dispose(): Promise<void>;
};

/** @param settings more settings for the server, by name. @throws Error where the machine has no PostgreSQL. */
export async function startCluster(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const binaries = usable();
  const folder = ownFolder(binaries);
  const guard = guardOf(folder);
  const data = join(folder, 'data');
  run(binaries, 'initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']);
  // Not as arguments, which `ALTER SYSTEM` could not change any more.
  const lines = Object.entries({ ...ALWAYS, ...settings }).map(([name, value]) => `${name} = '${value}'\n`);
  appendFileSync(join(data, 'postgresql.conf'), lines.join(''));
  return startIn(folder, binaries, guard);
}

async function startIn(folder: string, binaries: Binaries, guard: ChildProcess): Promise<Cluster> {
  const cluster = clusterIn(folder, await freePort(), binaries, guard);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.dispose();
    throw error;
  }
}

function clusterIn(folder: string, port: number, binaries: Binaries, guard: ChildProcess): Cluster {
  let server: ChildProcess | null = null;
  const data = join(folder, 'data');
  const pid = () => server?.pid ?? 0;
  const end = async (signal: NodeJS.Signals) => {
    if (server === null) return;
    const ended = exited(server);
    server.kill(signal);
    await ended;
    server = null;
  };
  const cluster: Cluster = {
    port,
    socketFolder: folder,
    url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`,
    pid,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    write: (name, text) => {
      const path = join(data, name);
      writeFileSync(path, text, { mode: 0o600 });
      own(path, binaries);
    },
    start: async () => {
      server = serve(binaries, folder, port);
      await untilReady(server, data, cluster.log);
    },
    stop: (how) => end(how === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    kill: async () => {
      const postmaster = pid();
      process.kill(postmaster, 'SIGSTOP');
      const all = childrenOf(postmaster);
      for (const child of all) killIfThere(child);
      await end('SIGKILL');
      while (all.some(isRunning)) await sleep(10);
    },
    standby: async () => {
      const copy = ownFolder(binaries);
      const copyGuard = guardOf(copy);
      const source = `host=${folder} port=${port} user=postgres application_name=${STANDBY_NAME}`;
      run(binaries, 'pg_basebackup', ['-D', join(copy, 'data'), '-d', source, '-X', 'stream', '-c', 'fast', '-R', '--no-sync']);
      const standby = await startIn(copy, binaries, copyGuard);
      psql(binaries, folder, port, `ALTER SYSTEM SET synchronous_standby_names = '${STANDBY_NAME}'`);
      psql(binaries, folder, port, 'SELECT pg_reload_conf()');
      return standby;
    },
    promote: () => run(binaries, 'pg_ctl', ['promote', '-w', '-D', data]),
    dispose: async () => {
      await end('SIGQUIT');
      // The guard finds nothing to end any more, and removes the folder.
      const gone = exited(guard);
      guard.stdin?.end();
      await gone;
    },
  };
  return cluster;
}

/** What the tests are about is on: fsync, full pages, waiting for the disk. Only the size is small. */
const ALWAYS = {
  listen_addresses: '127.0.0.1',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  wal_level: 'replica',
  max_wal_senders: '4',
  max_connections: '100',
  shared_buffers: '16MB',
  // No file outside its own folder, so that nothing is left of a killed server.
  dynamic_shared_memory_type: 'mmap',
} as const;

function serve({ bin, ids }: Binaries, folder: string, port: number): ChildProcess {
  const data = join(folder, 'data');
  const out = openSync(join(folder, 'log'), 'a');
  const flags = ['-D', data, '-c', `port=${port}`, '-c', `unix_socket_directories=${folder}`];
  // Detached: an interrupt from the terminal is for the tests, which then end the server.
  const child = spawn(join(bin, 'postgres'), flags, { ...ids, cwd: data, stdio: ['ignore', out, out], detached: true });
  closeSync(out);
  // A test that forgets its server must not keep the run from ending; the guard ends the server then.
  child.unref();
  return child;
}

/** The postmaster says in the last line of its file how far it is, as `pg_ctl start --wait` reads it. */
async function untilReady(server: ChildProcess, data: string, log: () => string): Promise<void> {
  for (let waited = 0; waited < READY_WITHIN_MS; waited += 10) {
    if (server.exitCode !== null || server.signalCode !== null) throw new Error(`PostgreSQL ended at its start:\n${log()}`);
    const lines = linesOf(join(data, 'postmaster.pid'));
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return;
    await sleep(10);
  }
  throw new Error(`PostgreSQL was not ready in time:\n${log()}`);
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * Ends the server and removes the folder when this process is gone, however it went: its input ends then. A killed server leaves its
 * number behind, which may be another process by then: the guard looks whose it is.
 * @returns the guard, a shell that waits for that.
 */
function guardOf(folder: string): ChildProcess {
  const script = `cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
ours() { [ -n "$pid" ] && ps -o args= -p "$pid" | grep -qF "$1/data"; }
ours "$1" && kill -QUIT "$pid"
n=0; while ours "$1" && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
rm -rf "$1"`;
  const guard = spawn('sh', ['-c', script, 'guard', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  return guard;
}

function usable(): Binaries {
  const found = findPostgres();
  if ('missing' in found) throw new Error(found.missing);
  return found;
}

function ownFolder(binaries: Binaries): string {
  const folder = mkdtempSync(join(tmpdir(), 'tally-pg-'));
  own(folder, binaries);
  return folder;
}

function own(path: string, { ids }: Binaries): void {
  if (ids.uid !== undefined && ids.gid !== undefined) chownSync(path, ids.uid, ids.gid);
}

function run({ bin, ids }: Binaries, program: string, args: readonly string[]): void {
  execFileSync(join(bin, program), args, { ...ids, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
}

function psql(binaries: Binaries, host: string, port: number, sql: string): void {
  run(binaries, 'psql', ['-X', '-q', '-h', host, '-p', String(port), '-U', 'postgres', '-c', sql, 'postgres']);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function exited(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  child.ref();
  return new Promise((resolve) => child.once('exit', resolve));
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}
