import type { Endpoint } from '@tallystick/core';
import type { Stop } from '../types.ts';

/** A piece of what the model has written. `kept`: what its provider wants back with it, in the dialect's own form. */
export type Written = { readonly text: string; readonly kept: string | null };

/** One call of a task, in no dialect. */
export type TurnAsk = {
  readonly model: string;
  readonly system: string | null;
  /** The task's own text, word by word. */
  readonly task: string;
  /** What was written so far, oldest first; it stands as one answer that was cut. */
  readonly written: readonly Written[];
  /** What the user says after that; null where nothing was written. */
  readonly reply: string | null;
  /** Output limit, tokens. */
  readonly output: bigint;
  /** Whether the provider's own marks on what was written go along. */
  readonly marked: boolean;
};

/**
 * A request. `messages`: what the gateway counts as framed by the provider. `rendered`: bytes that it counts several times, at their most.
 * Together with the body's bytes they make the bound that it will hold, so a share of a key can be used to its last token.
 */
export type Wire = { readonly path: string; readonly body: string; readonly messages: number; readonly rendered: number };

/** Decimal digits of the largest output limit. */
const LIMIT_DIGITS = 9;

/** The same length whatever the limit is: what a call comes to must not depend on the limit that is worked out from it. */
export function bodyOf(body: object, output: bigint): string {
  return JSON.stringify(body) + ' '.repeat(Math.max(0, LIMIT_DIGITS - String(output).length));
}

/** Reads the events of one stream. */
export interface StreamReader {
  /** @param data of one event. @returns the text in it. @throws TallyError where the stream says that it failed. */
  read(data: string): string;
  /** @returns null where the stream has not said that it is whole. */
  end(): { readonly stop: Stop; readonly kept: string | null } | null;
}

/** What differs between the gateway's dialects in a conversation of text. */
export type PoolDialect = {
  readonly endpoint: Endpoint;
  wire(ask: TurnAsk): Wire;
  reader(): StreamReader;
};
