import { type Piece, toPieces } from './tokens.ts';

/** A small seeded generator of 32-bit numbers (mulberry32): the same seed gives the same answer. */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const OPENING = 'This is sandbox output: no model wrote it.';

const SENTENCES = [
  'The words are fixed, and the counts are real.',
  'Every token that you see here has been counted.',
  'Nothing was bought and nothing left this machine.',
  'The same question gets the same answer again.',
  'A real provider would have thought about your question.',
  'The sandbox only pretends to think, but it never forgets a token.',
  'You can lower the limit and watch the answer stop there.',
  'The meter on the other side should agree with this one.',
  'Ask for the usage of your key to compare both sides.',
  'A short answer is a cheap answer, even when it is free.',
  'When the cap is reached, the next call will not come this far.',
  'Both halves of a tally stick carry the same notches.',
];

/** Has characters of two, three and four bytes, and a joined emoji, so that a split lands inside them. */
const MULTIBYTE = ' Zażółć gęślą jaźń – naïve café – 沙盒输出 – 🧾👩‍👩‍👧‍👦.';

const OPENING_PIECES = toPieces(OPENING);
const SENTENCE_PIECES = SENTENCES.map((sentence) => toPieces(` ${sentence}`));
const MULTIBYTE_PIECES = toPieces(MULTIBYTE);

/** A natural answer: 20 to about 60 tokens of short sentences. */
export function naturalReply(random: Random, multibyte: boolean): Piece[] {
  const pieces = multibyte ? [...OPENING_PIECES, ...MULTIBYTE_PIECES] : [...OPENING_PIECES];
  const target = pieces.length + 10 + (random() % 30);
  for (let at = random() % SENTENCES.length; pieces.length < target; at = (at + 1) % SENTENCES.length) {
    pieces.push(...(SENTENCE_PIECES[at] as Piece[]));
  }
  return pieces;
}

/** Sentences without end; the caller stops where its limit is. */
export function* endlessReply(random: Random): Generator<Piece> {
  yield* OPENING_PIECES;
  for (;;) yield* SENTENCE_PIECES[random() % SENTENCES.length] as Piece[];
}

/** An answer of exactly `tokens` tokens: whole sentences, the last one cut. */
export function replyOfLength(random: Random, tokens: number): Piece[] {
  const pieces: Piece[] = [];
  if (tokens <= 0) return pieces;
  // Every piece of these sentences is one token, which a test pins.
  for (const piece of endlessReply(random)) {
    pieces.push(piece);
    if (pieces.length >= tokens) break;
  }
  return pieces;
}
