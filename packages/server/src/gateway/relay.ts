import type { Hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type Hex, responseTrailer } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { AnswerCopy } from './answer-copy.ts';

export type RelayEvents = { pause(): void; resume(): void };

/** `stallMs`: a reader that takes nothing for this long is gone. `waitMs`: so is one that has kept the upstream waiting for this long in all. */
export type RelayLimits = { readonly stallMs: number; readonly waitMs: number };

/**
 * The way back to the caller. Writes with backpressure, hashes what was handed over, and goes on silently once the caller is gone:
 * metering never depends on whether anyone still reads.
 */
export class Relay {
  readonly #res: ServerResponse;
  readonly #hash: Hash;
  readonly #limits: RelayLimits;
  readonly #clock: Clock;
  readonly #events: RelayEvents;
  readonly #copy: AnswerCopy | null;
  #waiting = false;
  #waitingSince = 0;
  #waitedMs = 0;
  #patience: NodeJS.Timeout | null = null;
  #gone = false;
  #ended = false;
  #bytes = 0;
  readonly #onLeave = () => this.#leave();
  readonly #onDrain = () => this.#resume();
  readonly #onTimeout = () => void this.#res.destroy();

  /** @param copy gets everything, also what the caller is no longer there for. */
  constructor(res: ServerResponse, hash: Hash, limits: RelayLimits, clock: Clock, events: RelayEvents, copy: AnswerCopy | null) {
    this.#res = res;
    this.#hash = hash;
    this.#limits = limits;
    this.#clock = clock;
    this.#events = events;
    this.#copy = copy;
    this.#gone = res.destroyed || res.closed;
    res.on('close', this.#onLeave).on('error', this.#onLeave).on('drain', this.#onDrain).on('timeout', this.#onTimeout);
  }

  /** Another attempt answers in this one's place: from now on nothing is written and nothing is listened to. */
  leave(): void {
    this.#ended = true;
    this.#res.off('close', this.#onLeave).off('error', this.#onLeave).off('drain', this.#onDrain).off('timeout', this.#onTimeout);
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Whether the upstream waits for the caller to read. */
  get waiting(): boolean {
    return this.#waiting;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get headSent(): boolean {
    return this.#res.headersSent;
  }

  head(status: number, headers: Record<string, string>): void {
    this.#copy?.head(status, headers);
    if (this.#gone || this.#res.headersSent) return;
    this.#res.writeHead(status, headers);
  }

  write(bytes: Uint8Array): void {
    if (!this.#ended) this.#copy?.add(bytes);
    if (this.#gone || this.#ended || bytes.length === 0) return;
    this.#count(bytes);
    if (!this.#res.write(bytes) && !this.#waiting) {
      this.#waiting = true;
      this.#waitingSince = this.#clock.monotonicMs();
      // Else a reader that takes a byte now and then could hold the call until its deadline, where its outcome is not known any more.
      this.#patience = setTimeout(() => this.#res.destroy(), Math.max(0, this.#limits.waitMs - this.#waitedMs));
      this.#events.pause();
      this.#watch(this.#limits.stallMs);
    }
  }

  end(bytes?: Uint8Array): void {
    if (!this.#ended && bytes !== undefined) this.#copy?.add(bytes);
    if (this.#gone || this.#ended) return;
    this.#ended = true;
    if (bytes !== undefined && bytes.length > 0) {
      this.#count(bytes);
      this.#res.end(bytes);
    } else {
      this.#res.end();
    }
    // Also the rest of an answer is not kept for ever for one who does not take it. Once it is taken, the server sets its own time.
    this.#watch(this.#limits.stallMs);
  }

  /** SHA-256 over the caller's salt, every byte that was handed over, their number, and whether that was all. */
  digest(complete: boolean): Hex {
    this.#hash.update(responseTrailer(this.#bytes, complete));
    return `0x${this.#hash.digest('hex')}`;
  }

  #count(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** The socket's own idle time: a reader that takes a little now and then is slow, not gone. */
  #watch(ms: number): void {
    this.#res.setTimeout(ms);
  }

  #resume(): void {
    if (this.#waiting && !this.#ended) this.#watch(0);
    if (this.#waiting) this.#waitedMs += this.#clock.monotonicMs() - this.#waitingSince;
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
    this.#waiting = false;
    this.#events.resume();
  }

  #leave(): void {
    if (!this.#ended) this.#gone = true;
    this.#resume();
  }
}
