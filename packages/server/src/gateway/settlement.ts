import { type Hex, priceOf, quantitiesOf, type Usage, usageTotal } from '@tallystick/core';
import type { SettleRequest } from '#ledger';
import type { Held } from './hold.ts';

/** How a call ended, in the ledger's words. */
export type Outcome =
  /** The upstream reported what it bills. */
  | { readonly kind: 'metered'; readonly usage: Usage }
  /** A whole answer without usable usage, or a source whose donor lets nothing be released: charged at the bound. */
  | { readonly kind: 'bound'; readonly reason: string }
  /** It is not known what was billed: the source's whole hold is spent. `byCaller`: the caller caused it, and pays it too. */
  | { readonly kind: 'burned'; readonly reason: string; readonly byCaller?: boolean }
  /** Provably not billed: never sent, or refused in a way that the facts file lists. */
  | { readonly kind: 'released'; readonly reason: string };

export type Delivered = {
  readonly status: number;
  readonly bytes: number;
  readonly complete: boolean;
  readonly responseHash: Hex;
  readonly finish: string;
  /** UTF-8 bytes of text that a stream showed. */
  readonly textBytes: bigint;
  /** The largest usage that it reported, even where that was not its last word. */
  readonly seen: Usage | null;
};

const NOTHING: Usage = { input: 0n, cached_input: 0n, cache_write_5m: 0n, cache_write_1h: 0n, output: 0n, reasoning: 0n };

/**
 * Turns an ending into the ledger's request: priced lines, what is charged, and what a reader of the receipt wants to know.
 * @param atWorkMs from its first byte to its end: whoever it was that ended it, its source was at work.
 */
export function settlement(held: Held, outcome: Outcome, delivered: Delivered, endedAt: number, atWorkMs: number): SettleRequest {
  const kept = outcome.kind === 'metered' && held.source.row.settle === 'hold' && usageTotal(outcome.usage) <= held.bound.total;
  const kind = kept ? 'bound' : outcome.kind;
  const usage = charged(held, kind, outcome, delivered);
  const { lines, amount } = priceOf(quantitiesOf(usage), held.source.tariff);
  return {
    holdId: held.holdId,
    outcome: kind,
    tokens: kind === 'metered' && outcome.kind === 'metered' ? usageTotal(outcome.usage) : usageTotal(usage),
    credits: amount,
    ...msOf(held, atWorkMs),
    lines,
    endedAt,
    responseHash: delivered.responseHash,
    detail: {
      status: delivered.status,
      delivered_bytes: delivered.bytes,
      complete: delivered.complete,
      output_limit: String(held.output),
      output_limit_by: held.outputBy,
      ...(delivered.finish === '' ? {} : { finish: knownReasons(delivered.finish) }),
      ...('reason' in outcome ? { reason: outcome.reason } : {}),
      ...(kept ? { reason: 'this source releases nothing' } : {}),
      ...(outcome.kind === 'metered' ? { reported_tokens: String(usageTotal(outcome.usage)) } : {}),
    },
  };
}

/** A timer may be late by what the process had to do; that is not the source's giver's time. */
function msOf({ source, deadlineMs }: Held, atWorkMs: number): { ms?: bigint } {
  if (source.row.minutesAccountId === null) return {};
  return { ms: BigInt(Math.ceil(Math.min(atWorkMs, deadlineMs))) };
}

/**
 * The units that the receipt's lines show, and that the tenant pays. Never more than the bound: what an upstream bills beyond it is an
 * overrun of its source, not the tenant's. Of a burn the tenant pays what it got (a token shows at least one byte), or all where it
 * caused the burn; the rest waits in the ledger's account `ambiguous`.
 */
function charged(held: Held, kind: SettleRequest['outcome'], outcome: Outcome, { textBytes, seen }: Delivered): Usage {
  if (kind === 'bound') return wholeBound(held);
  if (outcome.kind === 'metered') return usageTotal(outcome.usage) > held.bound.total ? wholeBound(held) : outcome.usage;
  if (outcome.kind !== 'burned') return NOTHING;
  if (outcome.byCaller === true) return wholeBound(held);
  return textBytes === 0n ? NOTHING : partly(held, textBytes, seen);
}

/** What was delivered of an answer that was cut: the prompt as it was reported, or as it is likely to have been, and the text that came. */
function partly(held: Held, textBytes: bigint, seen: Usage | null): Usage {
  const prompt = seen === null ? { ...NOTHING, input: held.likelyInput } : { ...seen, output: 0n, reasoning: 0n };
  const room = held.bound.total - usageTotal(prompt);
  if (room <= 0n) return wholeBound(held);
  return { ...prompt, output: textBytes < room ? textBytes : room };
}

function wholeBound(held: Held): Usage {
  const input = held.bound.input < held.bound.total ? held.bound.input : held.bound.total;
  return { ...NOTHING, input, output: held.bound.total - input };
}

/** The words that servers end an answer with. Anything else could be any text at all, and a receipt is public. */
const FINISH_REASONS: ReadonlySet<string> = new Set(
  `stop length tool_calls function_call content_filter completed incomplete max_output_tokens max_tokens failed cancelled
  end_turn stop_sequence eos error abort insufficient_system_resource
  tool_use pause_turn refusal model_context_window_exceeded compaction
  STOP MAX_TOKENS SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL`.split(/\s+/),
);

function knownReasons(finish: string): string {
  return [...new Set(finish.split(',').map((word) => (FINISH_REASONS.has(word) ? word : 'other')))].join(',');
}
