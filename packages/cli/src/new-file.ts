import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { usage } from './cli-error.ts';
import type { Io } from './io.ts';

/**
 * Does work whose result goes into a file that is not there yet, readable by its owner alone. The file is opened first, so that nothing is
 * asked for that cannot be kept; where the work fails it is gone again.
 * @param work is given what writes into it.
 */
export async function intoNewFile<T>(io: Io, name: string, work: (write: (text: string) => void, path: string) => Promise<T>): Promise<T> {
  const path = resolve(io.cwd, name);
  const file = open(path);
  try {
    return await work((text) => writeFileSync(file, text), path);
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (cause) {
    throw usage(`The file cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`, 'Name one that is not there yet.');
  }
}
