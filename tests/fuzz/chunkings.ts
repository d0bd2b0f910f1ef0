import { between } from '../support/random.ts';
import { choicesOf } from './target.ts';

const BYTEWISE_MAX = 400;

/** The same bytes cut in several ways: whole, at random places, and, where they are few, byte by byte. Each piece is a copy of its own. */
export function* chunkings(input: Uint8Array): Generator<readonly Uint8Array[]> {
  yield [input];
  const random = choicesOf(input);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + between(random, 0, random() < 0.5 ? 3 : 120);
    pieces.push(input.slice(at, end));
    at = end;
  }
  yield pieces;
  if (input.length <= BYTEWISE_MAX) yield Array.from(input, (byte) => Uint8Array.of(byte));
}
