import { between, pick } from '../support/random.ts';
import type { Random } from './target.ts';

/** Bytes that mean something to JSON, to streams or to UTF-8 decoders. */
const MARKS = [...Buffer.from('"\\{}[],:0-9.eE+tfnu \t\r\n\0/<='), 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xff];

/** Whole sequences: broken and unusual UTF-8, escapes, ends of lines. */
const SEQUENCES = [
  [0xef, 0xbb, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xc0, 0xaf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x80, 0xa8],
  [0xf0, 0x9f, 0xa7, 0xbe],
  [0xe2, 0x96],
  ...[
    '\\u0000',
    '\\ud83d\\ude00',
    '\\ud800',
    '\\udc00\\ud800',
    '\\u00e',
    '\\"',
    '\r\n\r\n',
    '\n\n',
    '\r\r',
    '//',
    ',,',
    '""',
    '[]',
    '{}',
  ].map((text) => [...Buffer.from(text)]),
].map((bytes) => Buffer.from(bytes));

const MUTATIONS = ['flip', 'set', 'insert', 'sequence', 'drop', 'repeat', 'move', 'cut', 'splice'] as const;

/**
 * A few blind changes: bits, bytes, pieces doubled, moved and lost, and a piece of another input.
 * @param donors other inputs of the same kind.
 */
export function mutateBytes(given: Uint8Array, random: Random, donors: readonly Uint8Array[]): Uint8Array {
  let bytes = Buffer.from(given);
  for (let left = between(random, 1, 4); left > 0; left -= 1) bytes = mutateOnce(bytes, random, donors);
  return bytes;
}

function mutateOnce(bytes: Buffer<ArrayBuffer>, random: Random, donors: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const at = between(random, 0, Math.max(0, bytes.length - 1));
  const end = Math.min(bytes.length, at + between(random, 1, 24));
  const around = (middle: Uint8Array, resumeAt: number) => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(resumeAt)]);
  switch (pick(random, MUTATIONS)) {
    case 'flip':
      return around(Buffer.of((bytes[at] ?? 0) ^ (1 << between(random, 0, 7))), at + 1);
    case 'set':
      return around(Buffer.of(pick(random, MARKS)), at + 1);
    case 'insert':
      return around(Buffer.of(pick(random, MARKS)), at);
    case 'sequence':
      return around(pick(random, SEQUENCES), at);
    case 'drop':
      return around(Buffer.alloc(0), end);
    case 'repeat':
      return around(Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]), end);
    case 'move':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end), bytes.subarray(at, end)]);
    case 'cut':
      return bytes.subarray(0, at);
    case 'splice': {
      const donor = Buffer.from(pick(random, donors));
      const from = between(random, 0, donor.length);
      return around(donor.subarray(from, from + between(random, 1, 64)), random() < 0.5 ? at : end);
    }
  }
}
