import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon, temporaryFolder } from './daemon.ts';
import { offline } from './offline.ts';

const OWN = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error' };

/** Daemons that share one database; each has a data folder of its own. */
export type Hosts = {
  readonly all: TestDaemon[];
  /** One more, by invitation of the first. */
  join(): Promise<TestDaemon>;
  /** Another start over the same data folder, whatever became of the one before. */
  restart(host: TestDaemon, signal?: NodeJS.Signals): Promise<TestDaemon>;
  dispose(): Promise<void>;
};

export async function startHosts(databaseUrl: string, count: number, more: Readonly<Record<string, string>> = {}): Promise<Hosts> {
  const env = { ...OWN, DATABASE_URL: databaseUrl, ...more };
  const first = await startDaemon({ env });
  const all = [first];
  const join = async () => {
    const dir = await joinedFolder(all[0] as TestDaemon, env);
    const host = await startDaemon({ dir, env });
    all.push(host);
    return host;
  };
  while (all.length < count) await join();
  const restart = async (host: TestDaemon, signal: NodeJS.Signals = 'SIGTERM') => {
    await host.stop(signal);
    const again = await startDaemon({ dir: host.dir, env });
    all[all.indexOf(host)] = again;
    return again;
  };
  const dispose = async () => {
    await Promise.all(all.map((host) => host.dispose()));
  };
  return { all, join, restart, dispose };
}

/** A folder that has the master key and has joined, not started yet. */
export async function joinedFolder(inviting: TestDaemon, env: Readonly<Record<string, string>>): Promise<string> {
  const dir = folderWithMaster(inviting);
  const file = await invitation(inviting, dir);
  const { exit, error } = await offline(dir, ['host-join', file], env);
  rmSync(file);
  if (exit !== 0) throw new Error(`the host did not join: ${JSON.stringify(error)}`);
  return dir;
}

export function folderWithMaster(of: TestDaemon): string {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'data'), { mode: 0o700 });
  copyFileSync(join(of.dir, 'data', 'master.key'), join(dir, 'data', 'master.key'));
  return dir;
}

/** @returns the file that it is in. */
export async function invitation(of: TestDaemon, folder: string): Promise<string> {
  const { status, body } = await of.admin<{ invitation: string }>('/hosts/invite', {});
  if (status !== 201) throw new Error(`no invitation: ${status} ${JSON.stringify(body)}`);
  const file = join(folder, 'invitation.json');
  writeFileSync(file, body.invitation, { mode: 0o600 });
  return file;
}
