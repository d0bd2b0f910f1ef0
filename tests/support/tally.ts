import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from './daemon.ts';

const TALLY = fileURLToPath(new URL('../../packages/cli/src/tally.ts', import.meta.url));

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };
export type Given = { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> };

/** A command line as a person types it: a process of its own, in the folder of a test's daemon. */
export async function tally(dir: string, args: readonly string[], { stdin = '', env = {} }: Given = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', TALLY, ...args], {
    cwd: dir,
    env: cleanEnv({ TALLY_DATA_DIR: join(dir, 'data'), ...env }),
    stdio: 'pipe',
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString();
  });
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}
