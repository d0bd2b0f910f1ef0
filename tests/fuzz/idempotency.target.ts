import type { IncomingMessage } from 'node:http';
import { TallyError } from '@tallystick/core';
import { readIdempotencyKey } from '../../packages/server/src/gateway/gateway.ts';
import { pick } from '../support/random.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { must, type Target } from './target.ts';

const KEYS = [
  '7f3b1c2e-9f0a-4b7e-8d55-0c1d2e3f4a5b',
  'stainless-node-retry-0123456789',
  'a',
  'x'.repeat(255),
  'x'.repeat(256),
  'a b',
  'a, b',
  '"q"',
  '',
];
const INPUTS = KEYS.map((key) => Buffer.from(key));

type Read = (req: IncomingMessage) => string | undefined;

/** A key is taken as it stands where it is 1 to 255 visible ASCII characters, and else refused without being quoted. */
export function idempotencyTarget(read: Read = readIdempotencyKey): Target {
  return {
    name: 'idempotency key',
    share: 3,
    make: (random) => mutateBytes(pick(random, INPUTS), random, INPUTS),
    check: (input) => {
      const value = Buffer.from(input).toString('latin1');
      const isGood = input.length >= 1 && input.length <= 255 && input.every((byte) => byte > 0x20 && byte < 0x7f);
      const key = keyOf(read, value);
      must((key !== null) === isGood, isGood ? 'refuses a good key' : 'takes a key that is none');
      must(key === null || key === value, 'takes another key');
      must(keyOf(read, [value, value]) === null, 'takes a key that stands twice');
    },
  };
}

function keyOf(read: Read, value: string | string[]): string | null {
  try {
    // Two headers of this name reach the gateway as one text with a comma; a list comes from no Node, but its types allow it.
    return read({ headers: { 'idempotency-key': value } } as unknown as IncomingMessage) ?? null;
  } catch (error) {
    must(error instanceof TallyError && error.code === 'INPUT_INVALID', `throws ${String(error)}`);
    must(typeof value !== 'string' || value.length < 8 || !error.message.includes(value), 'quotes the key');
    return null;
  }
}
