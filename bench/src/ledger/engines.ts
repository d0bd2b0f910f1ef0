import type { Engine } from './engine.ts';
import { postgres } from './postgres.ts';
import { postgresMissing } from './postgres-missing.ts';
import { sqlite } from './sqlite.ts';

export const ENGINES: Readonly<Record<string, Engine>> = { sqlite, ...(postgresMissing === null ? { postgres } : {}) };
export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/** @throws RangeError */
export function engineOf(name: string): Engine {
  const engine = ENGINES[name];
  if (engine === undefined) throw new RangeError(`there is no engine ${name}`);
  return engine;
}
