import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { misconfigured } from './cli-error.ts';
import type { Io } from './io.ts';

type Name = 'TALLY_DATA_DIR' | 'DATABASE_URL' | 'TALLY_ADMIN_TOKEN' | 'TALLY_INSECURE_HTTP';

/** What the daemon would read: the environment, then the configuration file. Only the daemon validates all of it. */
export function setting(io: Io, name: Name): string | undefined {
  const own = io.env[name];
  if (own !== undefined) return own;
  const value = configFile(io)[name];
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : typeof value === 'boolean'
      ? String(Number(value))
      : undefined;
}

export function dataDir(io: Io): string {
  return resolve(io.cwd, setting(io, 'TALLY_DATA_DIR') ?? '.tallystick');
}

/** Whether the data folder has books, or belongs to some in a database: a command that works on the folder must not make an empty one by a typing error. */
export function hasBooks(io: Io): boolean {
  const dir = dataDir(io);
  const isElsewhere = (setting(io, 'DATABASE_URL') ?? '') !== '' && existsSync(join(dir, 'vault'));
  return isElsewhere || existsSync(join(dir, 'ledger.db'));
}

function configFile(io: Io): Readonly<Record<string, unknown>> {
  const path = resolve(io.cwd, io.env['TALLY_CONFIG'] ?? 'tallystick.json');
  if (!existsSync(path)) return {};
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return json !== null && typeof json === 'object' && !Array.isArray(json) ? (json as Record<string, unknown>) : {};
  } catch {
    throw misconfigured('The configuration file cannot be read as JSON.');
  }
}
