import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { usage } from './cli-error.ts';
import type { Io } from './io.ts';

/** What an operator writes by hand (models, a tariff) is small; the daemon takes at most this much in all. */
const JSON_FILE_BYTES_MAX = 1_048_576;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const WHEN = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** @returns Unix ms; NaN where it is none, or names a day that its month does not have, which `Date.parse` takes for one of the next. */
function instant(text: string): number {
  if (!WHEN.test(text)) return Number.NaN;
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return day.getUTCDate() === Number(text.slice(8, 10)) ? Date.parse(text) : Number.NaN;
}

/** Whole units, as the decimal string that the daemon takes; `_` may group digits: 500_000. */
export function amount(text: string, option: string): string {
  const digits = text.replaceAll('_', '');
  if (!/^\d{1,18}$/.test(digits) || /^_|__|_$/.test(text))
    throw usage(`${option} must be a whole number of at most 18 digits.`, 'For example 500000.');
  return String(BigInt(digits));
}

/** The same as a number, for what the daemon takes as one. */
export function count(text: string, option: string): number {
  const value = Number(amount(text, option));
  if (!Number.isSafeInteger(value)) throw usage(`${option} is too large.`);
  return value;
}

/** @returns Unix ms of a date (its first moment, UTC), a time with its zone, or a span from `now`: 90m, 12h, 30d, 2w. */
export function when(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const at = unit === undefined ? instant(text) : now + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (Number.isNaN(at)) throw usage('--expires is not a time.', 'Write 2030-01-31, 2030-01-31T12:00:00Z, or a span: 90m, 12h, 30d, 2w.');
  if (at <= now) throw usage('--expires is in the past.');
  return at;
}

/** @returns Unix ms of a date (its first moment, UTC) or a time with its zone. */
export function moment(text: string, option: string): number {
  const at = instant(text);
  if (Number.isNaN(at)) throw usage(`${option} is not a time.`, 'Write 2026-03-01 or 2026-03-01T12:00:00Z.');
  return at;
}

/** @returns seconds of a span: 90s, 30m, 24h, 1d; `0` is none. How much is allowed is for the daemon to judge. */
export function seconds(text: string, option: string): number {
  if (text === '0') return 0;
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (unit === undefined) throw usage(`${option} is not a span.`, 'Write 90s, 30m, 24h or 1d; 0 turns it off.');
  return unit === 's' ? Number(count) : (Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]) / 1000;
}

/** @returns the parsed JSON of a file that an option names. What it means is for the daemon to judge. */
export function jsonFile(io: Io, path: string, option: string): unknown {
  const text = readBytes(io, path, option, JSON_FILE_BYTES_MAX).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw usage(`${option}: the file is not valid JSON.`);
  }
}

/** @throws INPUT_INVALID where the file cannot be read or is larger than `bytesMax`. */
export function readBytes(io: Io, path: string, option: string, bytesMax: number): Buffer {
  const full = resolve(io.cwd, path);
  try {
    // Only a file's size is known beforehand; a pipe (`<(…)`) is read as it comes.
    const stat = statSync(full);
    if (!stat.isFile() || stat.size <= bytesMax) return limited(readFileSync(full), option, bytesMax);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined) throw cause;
    throw usage(`${option}: the file cannot be read (${code}).`);
  }
  throw tooLarge(option, bytesMax);
}

/** Standard input to its end. */
export async function readStdin(io: Io, option: string, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    length += bytes.length;
    if (length > bytesMax) throw tooLarge(option, bytesMax);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function limited(bytes: Buffer, option: string, bytesMax: number): Buffer {
  if (bytes.length > bytesMax) throw tooLarge(option, bytesMax);
  return bytes;
}

const tooLarge = (option: string, bytesMax: number) => usage(`${option}: there are more than ${bytesMax} bytes.`);
