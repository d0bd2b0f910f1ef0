import { addUsage, mergeUsage, normaliseUsage, overlayAnthropicUsage, type RawUsage, type Usage, ZERO_USAGE } from '@tallystick/core';
import type { StreamEvent } from './events.ts';
import { asObject } from './json.ts';

/**
 * What the usage reports of one stream come to. `message_start` reports the prompt and `message_delta` the counts so far: both are one
 * bill, the later laid over the earlier. Only what is reported at or after the stop, with a count of the output, is the last word.
 *
 * A stream holds one answer. Should a second one begin in it, both are billed: its reports are added to those of the first, so that they
 * show what the two come to. Was the first not reported to its end, nobody can know that, and the usage of the stream is unusable.
 */
export class AnthropicBill {
  /** What the answers before the one under way come to. */
  #before: Usage = ZERO_USAGE;
  /** The reports on the answer under way, laid over each other, as they came. */
  #raw: RawUsage = {};
  #usage: Usage | null = null;
  #hasStopped = false;
  /** The last report covers all that has come. */
  #isCovered = true;

  /** An answer begins. @param usage as `message_start` has it. */
  begin(usage: unknown): StreamEvent[] {
    const lost: StreamEvent[] = this.#isCovered ? [] : [{ kind: 'usage', usage: null }];
    this.#before = addUsage(this.#before, this.#usage ?? ZERO_USAGE);
    this.#raw = {};
    this.#usage = null;
    this.#hasStopped = false;
    this.#isCovered = false;
    return [...lost, { kind: 'hidden' }, ...this.report(usage)];
  }

  /** Something came that the reports so far do not cover. */
  output(): void {
    this.#isCovered = false;
  }

  stop(): void {
    this.#hasStopped = true;
  }

  report(usage: unknown): StreamEvent[] {
    if (usage === undefined || usage === null) return [];
    const own = asObject(usage);
    if (own === null) return [{ kind: 'usage', usage: null }];
    this.#raw = overlayAnthropicUsage(this.#raw, own);
    const read = normaliseUsage('anthropic', this.#raw);
    if (read === null) return [{ kind: 'usage', usage: null }];
    this.#usage = mergeUsage(this.#usage, read);
    // An output count inherited from `message_start` is the one from before the answer.
    const isLast = this.#hasStopped && typeof own.output_tokens === 'number';
    if (isLast) this.#isCovered = true;
    return [{ kind: 'usage', usage: addUsage(this.#before, this.#usage), interim: !isLast }];
  }
}
