import { mergeUsage, type Usage, usageTotal } from '@tallystick/core';
import type { StreamEvent, StreamSummary } from './events.ts';

/** Reasons and codes come from the upstream: more distinct ones than this are not kept. */
const REASONS_MAX = 16;
/** More choices than any caller can ask for need not be told apart. */
const CHOICES_MAX = 128;

/** Adds up the events of one stream. Memory is bounded however long the stream is. */
export class StreamTally {
  #usage: Usage | null = null;
  #last: Usage | null = null;
  #usageUnusable = 0;
  #contentBytes = 0;
  #deltas = 0;
  #done = false;
  #errorCode: string | null = null;
  #frames = 0;
  #bytesIn = 0;
  readonly #finishReasons: string[] = [];
  readonly #ended = new Set<number>();
  #endedAtUsage = 0;
  #stale = false;
  /** What was reported when the end came; null where that was not the last word. */
  #atEnd: Usage | null = null;
  #goesOn = false;

  bytes(count: number): void {
    this.#bytesIn += count;
  }

  /** One frame's events. @returns those to pass on: a usage report that repeats the last one is dropped. */
  frame(events: readonly StreamEvent[]): readonly StreamEvent[] {
    this.#frames += 1;
    const wasDone = this.#done;
    const fresh = events.filter((event) => this.#add(event));
    const hasText = events.some(({ kind }) => kind === 'delta');
    if (hasText) this.#deltas += 1;
    const hasOutput = hasText || events.some(({ kind }) => kind === 'hidden');
    if (wasDone && hasOutput) this.#goesOn = true;
    const report = events.findLast(isUsable);
    if (report !== undefined) {
      this.#endedAtUsage = this.#ended.size;
      this.#stale = report.interim === true || (this.#goesOn && !this.#hasGrown());
    } else if (hasOutput) {
      this.#stale = this.#usage !== null;
    }
    if (this.#done && !wasDone) this.#atEnd = this.#stale ? null : this.#usage;
    return fresh.length === 0 ? [{ kind: 'other' }] : fresh;
  }

  summary(): StreamSummary {
    return {
      usage: this.#usage,
      usageUnusable: this.#usageUnusable,
      choicesEndedAtUsage: this.#endedAtUsage,
      usageStale: this.#stale,
      contentBytes: this.#contentBytes,
      deltas: this.#deltas,
      finishReasons: [...this.#finishReasons],
      done: this.#done,
      errorCode: this.#errorCode,
      frames: this.#frames,
      bytesIn: this.#bytesIn,
    };
  }

  #add(event: StreamEvent): boolean {
    if (event.kind === 'usage') return this.#report(event.usage);
    if (event.kind === 'delta') this.#contentBytes += event.bytes;
    else if (event.kind === 'stop') this.#stop(event.choice, event.reason);
    else if (event.kind === 'error') this.#errorCode ??= event.code;
    else if (event.kind === 'done') this.#done = true;
    return true;
  }

  /** What goes on after its end is covered only by a report of more than there was until then. */
  #hasGrown(): boolean {
    return this.#atEnd !== null && this.#usage !== null && usageTotal(this.#usage) > usageTotal(this.#atEnd);
  }

  #report(usage: Usage | null): boolean {
    if (usage === null) {
      this.#usageUnusable += 1;
      return true;
    }
    if (this.#last !== null && isSame(this.#last, usage)) return false;
    this.#last = usage;
    this.#usage = mergeUsage(this.#usage, usage);
    return true;
  }

  #stop(choice: number, reason: string): void {
    if (this.#ended.size < CHOICES_MAX) this.#ended.add(choice);
    if (this.#finishReasons.length < REASONS_MAX && !this.#finishReasons.includes(reason)) this.#finishReasons.push(reason);
  }
}

function isUsable(event: StreamEvent): event is Extract<StreamEvent, { kind: 'usage' }> {
  return event.kind === 'usage' && event.usage !== null;
}

function isSame(a: Usage, b: Usage): boolean {
  return (Object.keys(a) as (keyof Usage)[]).every((name) => a[name] === b[name]);
}
