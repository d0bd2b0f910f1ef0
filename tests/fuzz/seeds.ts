import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** An input that is kept: it once broke something, or stands for a kind of trouble that must not come back. */
export type Seed = { readonly target: string; readonly why: string; readonly base64: string };

const FOLDER = fileURLToPath(new URL('seeds/', import.meta.url));

export function keptSeeds(): readonly Seed[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.toSorted().flatMap((name) => JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as Seed[]);
}
