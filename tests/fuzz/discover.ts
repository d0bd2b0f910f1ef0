import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ObjectNode } from '../../packages/server/src/gateway/body/schema.ts';
import type { StreamScanner } from '../../packages/server/src/gateway/stream/events.ts';

const GATEWAY = new URL('../../packages/server/src/gateway/', import.meta.url);

/** What any of them takes. */
type ScannerOptions = { readonly usageAsked: boolean; readonly frameBytesMax: number; readonly choices: number };
export type ScannerClass = new (options: ScannerOptions) => StreamScanner;

/** Every allow-list of a dialect's route, by the name that it is exported under: a new one is fuzzed as soon as it stands there. */
export function allowLists(): Promise<ReadonlyMap<string, ObjectNode>> {
  return exportsOf('providers/', /-fields\.ts$/, /_FIELDS$/, isObjectNode);
}

/** Every scanner of a dialect's stream. */
export function scanners(): Promise<ReadonlyMap<string, ScannerClass>> {
  return exportsOf('stream/', /(?<!\.test)\.ts$/, /Scanner$/, isScanner);
}

async function exportsOf<T>(
  folder: string,
  files: RegExp,
  names: RegExp,
  isWanted: (value: unknown) => value is T,
): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  const root = new URL(folder, GATEWAY);
  const paths = readdirSync(fileURLToPath(root), { recursive: true, encoding: 'utf8' }).filter((path) => files.test(path));
  for (const path of paths.toSorted()) {
    const loaded: Record<string, unknown> = await import(new URL(path, root).href);
    for (const [name, value] of Object.entries(loaded)) if (names.test(name) && isWanted(value)) found.set(name, value);
  }
  return found;
}

function isObjectNode(value: unknown): value is ObjectNode {
  return typeof value === 'object' && value !== null && (value as Record<string, unknown>)['kind'] === 'object';
}

/** A class that wants more than options is what scanners are made of, not one of them. */
function isScanner(value: unknown): value is ScannerClass {
  if (typeof value !== 'function' || value.length > 1) return false;
  const methods = value.prototype as Record<string, unknown> | undefined;
  return ['push', 'end', 'summary'].every((name) => typeof methods?.[name] === 'function');
}
