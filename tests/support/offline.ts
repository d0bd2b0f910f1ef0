import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from './daemon.ts';

const MAIN = fileURLToPath(new URL('../../packages/server/src/app/main.ts', import.meta.url));

export type Offline = {
  readonly exit: number | null;
  readonly out: unknown;
  readonly error: { readonly code: string; readonly message: string };
};

/**
 * A command on the data folder itself (`backup`, `restore`, `doctor`, `audit-verify`, or `serve` where it is to be refused), to its end.
 * @param meanwhile what happens to its process while it runs.
 */
export async function offline(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  meanwhile: (pid: number) => Promise<void> = async () => {},
): Promise<Offline> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--json', ...args], {
    cwd: dir,
    env: cleanEnv({ PORT: '0', TALLY_CHAIN: 'off', TALLY_DATA_DIR: join(dir, 'data'), ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await meanwhile(child.pid ?? 0);
  const exit = await ended;
  const none = { code: '', message: err };
  const said = err.split('\n').find((line) => line.startsWith('{"error"'));
  return {
    exit,
    out: out === '' ? null : JSON.parse(out),
    error: said === undefined ? none : (JSON.parse(said) as { error: typeof none }).error,
  };
}
