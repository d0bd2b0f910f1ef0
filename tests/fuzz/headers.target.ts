import type { IncomingHttpHeaders } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { TallyError } from '@tallystick/core';
import { Principals } from '../../packages/server/src/gateway/principals.ts';
import { allowedBetas } from '../../packages/server/src/gateway/providers/anthropic/betas.ts';
import { retryAfterMs } from '../../packages/server/src/gateway/retry-after.ts';
import { between, pick } from '../support/random.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { must, type Random, type Target } from './target.ts';

/** Header values are bytes; Node gives them as Latin-1. */
const textOf = (input: Uint8Array): string => Buffer.from(input).toString('latin1');

function maker(values: readonly string[]): (random: Random) => Uint8Array {
  const all = values.map((value) => Buffer.from(value, 'latin1'));
  return (random) => (random() < 0.1 ? pick(random, all) : mutateBytes(pick(random, all), random, all));
}

const NOW = Date.UTC(2026, 4, 1, 12, 0, 0);
const DAY_MS = 86_400_000;
const TIMES = [
  '0',
  '1',
  '30',
  '0.5',
  '1500',
  '86400',
  '1e3',
  '-1',
  'NaN',
  '1, 1',
  'Fri, 01 May 2026 12:00:30 GMT',
  'Fri May  1 12:00:30 2026',
];

/** What the official SDKs make of the same header: a number where it begins with one, else a date. */
function asSdksRead(value: string, unit: number): number {
  const number = Number.parseFloat(value);
  return Number.isNaN(number) ? Date.parse(value.trimEnd().endsWith('GMT') ? value : `${value} GMT`) - NOW : number * unit;
}

/** Null, or whole milliseconds up to a day that are what the official SDKs read; a plain small number is always read. */
export function retryAfterTarget(read: typeof retryAfterMs = retryAfterMs): Target {
  return {
    name: 'retry-after',
    share: 3,
    make: maker([...TIMES, 'Friday, 01-May-26 12:00:30 GMT', 'Thu, 30 Apr 2026 12:00:00 GMT', 'Sat, 02 May 2026 12:00:00 GMT']),
    check: (input) => {
      const value = textOf(input);
      for (const [name, unit] of [
        ['retry-after-ms', 1],
        ['retry-after', 1000],
      ] as const) {
        const ms = read({ [name]: value }, NOW);
        must(/^\d{1,2}$/.test(value) ? ms === Number(value) * unit : true, `${name}: a plain number is not read`);
        if (ms === null) continue;
        must(Number.isInteger(ms) && ms >= 0 && ms <= DAY_MS, `${name}: ${ms} is no time to wait`);
        must(Math.abs(ms - asSdksRead(value, unit)) <= 1, `${name}: ${ms}, but SDKs read ${asSdksRead(value, unit)}`);
        must(read({ [name]: [value, value] }, NOW) === null, `${name}: read though it is repeated`);
      }
    },
  };
}

const KNOWN = [`tk_${'A'.repeat(43)}`, `tk_${'b-_9'.repeat(10)}xyz`];
const UNKNOWN = `tk_${'C'.repeat(43)}`;
const KEY_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key'] as const;

function principals(): Principals {
  const all = new Principals(Buffer.alloc(32, 7), Buffer.alloc(32, 8), []);
  for (const [i, secret] of KNOWN.entries()) {
    all.add({ id: `key-${i}`, tenantId: `tenant-${i}`, hash: all.hash(secret), use: 'calls' } as Parameters<Principals['add']>[0]);
  }
  return all;
}

type Doorkeeper = Pick<Principals, 'authenticate'>;

/**
 * A caller is let in by a known key that stands whole in its headers and is contradicted by none, and by nothing else.
 * The first byte of an input says which headers carry the rest of it (bits 0–2) and which a known key (bits 3–5).
 */
export function bearerTarget(keeper: Doorkeeper = principals()): Target {
  const values = [...KNOWN, UNKNOWN].flatMap((secret) => [
    `Bearer ${secret}`,
    `bearer  ${secret}`,
    secret,
    `Basic ${secret}`,
    `Bearer ${secret} x`,
  ]);
  const make = maker([...values, '', 'Bearer', `Bearer ${KNOWN[0]},Bearer ${KNOWN[1]}`]);
  return {
    name: 'bearer',
    share: 3,
    make: (random) => Buffer.concat([Buffer.of(between(random, 0, 63)), make(random)]),
    check: (input) => {
      const headers = keyHeaders(input[0] ?? 0, textOf(input.subarray(1)));
      const given = Object.entries(headers).filter(([, value]) => value !== '');
      const keys = new Set(given.map(([name, value]) => (name === 'authorization' ? /^bearer +(\S+)$/i.exec(value)?.[1] : value)));
      const [key] = keys;
      const expected = keys.size === 1 && key !== undefined && KNOWN.includes(key) ? key : null;
      const secret = secretOf(keeper, headers, given.length === 0);
      must(secret === null || expected !== null, 'lets in who brings no known key');
      must(secret === expected, 'turns a known key away');
    },
  };
}

function keyHeaders(choice: number, value: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [i, name] of KEY_HEADERS.entries()) {
    if ((choice >> (i + 3)) & 1) headers[name] = name === 'authorization' ? `Bearer ${KNOWN[0]}` : (KNOWN[0] as string);
    if ((choice >> i) & 1) headers[name] = value;
  }
  return headers;
}

function secretOf(keeper: Doorkeeper, headers: IncomingHttpHeaders, isEmpty: boolean): string | null {
  try {
    return keeper.authenticate(headers).secret;
  } catch (error) {
    must(error instanceof TallyError && error.code === (isEmpty ? 'AUTH_MISSING' : 'AUTH_INVALID'), `throws ${String(error)}`);
    must(
      [...KNOWN, UNKNOWN].every((key) => !error.message.includes(key.slice(3, 13))),
      'tells a key',
    );
    return null;
  }
}

const BETAS = [
  'prompt-caching-2024-07-31',
  'pdfs-2024-09-25',
  'effort-2025-11-24',
  'context-1m-2025-08-07',
  'interleaved-thinking-2025-05-14',
];
/** Whatever their date: they lift what bounds a call. */
const LIFTING = /^(context-1m|interleaved-thinking|output-|fast-mode|code-execution|mcp-|web-fetch|files-api|compact)/;

/** A list of betas is taken where each of them is, and refused in words that carry no more than a short name. */
export function betasTarget(allow: typeof allowedBetas = allowedBetas): Target {
  const lists = [...BETAS, BETAS.slice(0, 2).join(','), BETAS.join(', '), `${BETAS[0]},,${BETAS[0]}, `, 'output-128k-2025-02-19', ''];
  return {
    name: 'betas',
    share: 3,
    make: maker([...lists, Array.from({ length: 33 }, () => BETAS[0]).join(','), 'a'.repeat(2049)]),
    check: (input) => {
      const header = textOf(input);
      const names = header
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
      const taken = takenBetas(allow, header);
      const isSmall = header.length <= 2048 && names.length <= 32;
      must(
        (taken !== null) === (isSmall && names.every((name) => takenBetas(allow, name) !== null)),
        'takes a list otherwise than its names',
      );
      must(taken === null || isDeepStrictEqual(taken, [...new Set(names)]), 'sends on other names');
      for (const name of taken ?? []) must(/^[a-z0-9-]{1,64}$/.test(name) && !LIFTING.test(name), `takes ${name}`);
    },
  };
}

function takenBetas(allow: typeof allowedBetas, header: string): readonly string[] | null {
  try {
    return allow(header);
  } catch (error) {
    must(error instanceof TallyError && /^FIELD_(NOT_ALLOWED|INVALID)$/.test(error.code), `throws ${String(error)}`);
    must(error.message.length <= 256 && /^[\x20-\x7e…]*$/.test(error.message), 'refuses in too many words');
    must(/^(The header|`[\w$?…-]{1,64}` in the header) `anthropic-beta` /.test(error.message), 'tells more than a short name');
    return null;
  }
}
