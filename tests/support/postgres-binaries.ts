import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export const VERSION_MIN = 15;
const DEBIAN = '/usr/lib/postgresql';

/** Where the server's programs lie, and as whom they run: PostgreSQL refuses root. */
export type Binaries = { readonly bin: string; readonly version: number; readonly ids: { readonly uid?: number; readonly gid?: number } };

/** @returns the newest usable server of this machine, or why there is none. */
export function findPostgres(): Binaries | { readonly missing: string } {
  const found = candidates()
    .map((bin) => ({ bin, version: versionOf(bin) }))
    .filter(({ version }) => version >= VERSION_MIN)
    .sort((a, b) => b.version - a.version)[0];
  if (found === undefined) return { missing: `there is no PostgreSQL server ${VERSION_MIN} or later on this machine` };
  if (process.getuid?.() !== 0) return { ...found, ids: {} };
  const ids = idsOf('postgres') ?? idsOf('nobody');
  return ids === null ? { missing: 'PostgreSQL does not run as root, and there is no user postgres or nobody' } : { ...found, ids };
}

/** Debian keeps each version in a folder of its own, and off the PATH. */
function candidates(): string[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'postgres'));
  const debian = versions().map((version) => join(DEBIAN, version, 'bin', 'postgres'));
  const bins = [...debian, ...onPath].filter(isProgram).map((path) => dirname(realpathSync(path)));
  return [...new Set(bins)].filter((bin) => ['initdb', 'pg_ctl', 'pg_basebackup'].every((name) => isProgram(join(bin, name))));
}

function versions(): string[] {
  try {
    return readdirSync(DEBIAN);
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns the major version; 0 where the program does not run. */
function versionOf(bin: string): number {
  try {
    return Number(/\d+/.exec(execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

function idsOf(user: string): { uid: number; gid: number } | null {
  try {
    const id = (what: string) => Number(execFileSync('id', [what, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const found = findPostgres();
  console.log('missing' in found ? found.missing : `PostgreSQL ${found.version} in ${found.bin}`);
  process.exitCode = 'missing' in found ? 1 : 0;
}
