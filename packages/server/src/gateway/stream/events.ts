import type { Usage } from '@tallystick/core';

/** What a frame of a stream says, in the words that relay, metering and translation share. */
export type StreamEvent =
  /** The answer has begun. `id` is the provider's id of the answer. */
  | { readonly kind: 'start'; readonly id: string | null; readonly model: string | null }
  /** Text that the caller can see: content, refusal, reasoning text, tool arguments. `bytes` in UTF-8. */
  | { readonly kind: 'delta'; readonly choice: number; readonly bytes: number }
  /** Output that shows no text, but may be billed: an answer or a block that begins, a signature, encrypted thinking, an image. */
  | { readonly kind: 'hidden' }
  /** A usage report; null where it is there but unusable. `interim`: of an answer still under way, so never the last word on it. */
  | { readonly kind: 'usage'; readonly usage: Usage | null; readonly interim?: boolean }
  /** One choice has ended, with the provider's reason. */
  | { readonly kind: 'stop'; readonly choice: number; readonly reason: string }
  /** The provider reports a failure inside the stream. `code` is its code or type, at most 64 characters. */
  | { readonly kind: 'error'; readonly code: string }
  /** The end of all that was asked for: the stream's end marker, its closing event, or the last choice's end where there is neither. */
  | { readonly kind: 'done' }
  /** Anything else: comments, unknown events, frames that are not JSON. */
  | { readonly kind: 'other' };

/** What one push gives: events in order, and the bytes to relay, in order, ready to be written. */
export type Scanned = { readonly events: readonly StreamEvent[]; readonly relay: readonly Uint8Array[] };

/** What is known of a stream so far; read at its end to settle. */
export type StreamSummary = {
  /** The largest usage reported (see `mergeUsage`), or null where none was usable. */
  readonly usage: Usage | null;
  /** Usage objects that could not be used: where `usage` is null too, charge at the bound. */
  readonly usageUnusable: number;
  /** Choices that had ended when usage was last reported: some servers report it as they go, and what they then go on to bill is more. */
  readonly choicesEndedAtUsage: number;
  /** The last usable report does not cover all: it was an interim one, or output came after it. */
  readonly usageStale: boolean;
  /** Visible bytes of text, all choices together. */
  readonly contentBytes: number;
  /** Frames with visible text. */
  readonly deltas: number;
  /** Distinct finish reasons, in the order seen. */
  readonly finishReasons: readonly string[];
  readonly done: boolean;
  /** The first error's code, or null. */
  readonly errorCode: string | null;
  readonly frames: number;
  readonly bytesIn: number;
};

/** One scanner per stream. Both methods throw TallyError UPSTREAM_ERROR where a frame is larger than allowed; the scanner is dead then. */
export type StreamScanner = {
  /** Takes the next bytes of the upstream's answer, cut anywhere. */
  push(chunk: Uint8Array): Scanned;
  /** The upstream has ended: gives the unterminated rest. */
  end(): Scanned;
  summary(): StreamSummary;
};
