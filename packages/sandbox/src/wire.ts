import { randomBytes } from 'node:crypto';
import type { Piece } from './tokens.ts';

/** An answer's body as it will be written: one JSON text, or a stream of frames. */
export type Wire = {
  readonly stream: boolean;
  /** Of a stream, where it is not server-sent events. */
  readonly contentType?: string;
  /** Whole frames of a stream, or the parts of one JSON text (one part, but for an endless text). */
  readonly frames: Iterable<string>;
  /** How many of the last frames close a stream: what `sandbox-twice` repeats. */
  readonly closing: number;
};

/** An id such as `chatcmpl-…`, unlike any other. */
export function newId(prefix: string): string {
  return prefix + randomBytes(12).toString('hex');
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

export function joinPieces(pieces: Iterable<Piece>): string {
  let text = '';
  for (const piece of pieces) text += piece.text;
  return text;
}

/** Stands in a JSON text where an endless one goes on. */
export const ENDLESS_MARK = 'sandbox-endless-text';

/** The parts of a JSON text that never gets behind its {@link ENDLESS_MARK}. */
export function* endlessJson(json: string, pieces: Iterable<Piece>): Generator<string> {
  yield json.slice(0, json.indexOf(ENDLESS_MARK));
  for (const piece of pieces) yield JSON.stringify(piece.text).slice(1, -1);
}
