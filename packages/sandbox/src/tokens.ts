import { countTokens, decode, encode, isWithinTokenLimit, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base';

/** Text that looks like a special token, such as `<|endoftext|>`, is plain text here: no caller can inject one. */
const PLAIN = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };

/**
 * Longest run of characters of one class (letters, spaces, signs) that is merged as one, code points. The merge takes
 * quadratic time in such a run, so a body of one letter would stop the process for minutes.
 */
const RUN_MAX = 512;

/** Bounded, because an open `+` over a huge run exhausts the matcher's stack. */
const RUNS = /[\p{L}\p{M}]{1,512}|\s{1,512}|\p{N}{1,512}|[^\s\p{L}\p{N}]{1,512}/gu;

setMergeCacheSize(20_000);

/** A part of an answer that is sent as one frame: the fewest tokens that make whole characters. */
export type Piece = { readonly text: string; readonly tokens: number };

/**
 * The o200k_base tokens of a text. In a run of letters, spaces or signs each full 512 is counted for itself.
 * Never more than the text's UTF-8 bytes: every token covers at least one byte.
 * @param limit stop here: what is returned above the limit is Infinity, not a count
 */
export function countText(text: string, limit = Number.POSITIVE_INFINITY): number {
  if (text.length < RUN_MAX) return within(text, limit);
  let total = 0;
  let from = 0;
  for (const { 0: run, index } of text.matchAll(RUNS)) {
    if (run.length < RUN_MAX || Array.from(run).length < RUN_MAX) continue;
    total += within(text.slice(from, index), limit - total);
    total += within(run, limit - total);
    if (total > limit) return Number.POSITIVE_INFINITY;
    from = index + run.length;
  }
  return total + within(text.slice(from), limit - total);
}

function within(text: string, limit: number): number {
  if (text === '') return 0;
  if (limit === Number.POSITIVE_INFINITY) return countTokens(text, PLAIN);
  if (limit < 0) return Number.POSITIVE_INFINITY;
  const count = isWithinTokenLimit(text, limit, PLAIN);
  return count === false ? Number.POSITIVE_INFINITY : count;
}

/** Splits our own short text into the pieces that a stream would send. */
export function toPieces(given: string): Piece[] {
  const pieces: Piece[] = [];
  let pending: number[] = [];
  let at = 0;
  const text = given.toWellFormed();
  for (const token of encode(text, PLAIN)) {
    pending.push(token);
    const part = decode(pending);
    // A token may end inside a character; then the next ones belong to the same piece.
    if (!text.startsWith(part, at)) continue;
    pieces.push({ text: part, tokens: pending.length });
    at += part.length;
    pending = [];
  }
  return pieces;
}

/** The longest head of `pieces` within `limit` tokens; `whole` when nothing was left out. */
export function cutPieces(pieces: readonly Piece[], limit: number): { pieces: Piece[]; tokens: number; whole: boolean } {
  const head: Piece[] = [];
  let tokens = 0;
  for (const piece of pieces) {
    if (tokens + piece.tokens > limit) return { pieces: head, tokens, whole: false };
    head.push(piece);
    tokens += piece.tokens;
  }
  return { pieces: head, tokens, whole: true };
}
