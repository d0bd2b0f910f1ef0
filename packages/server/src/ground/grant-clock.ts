import type { Clock } from './clock.ts';

/** How wall time and grant time stood to each other at one moment, Unix ms. */
export type GrantTime = { readonly wallMs: number; readonly grantMs: number };

/** So far wall time may run ahead of what has passed: clocks are set right by seconds. */
const JUMP_MS = 5 * 60_000;
/** So long a process may be away, as far as anybody can tell who has only a clock. */
const AWAY_MS = 24 * 3_600_000;

/**
 * The time by which something begins that nobody may have early: wall time less every jump forward that nothing explains. Within one process
 * time passes by the monotonic clock, so a clock that is set forward (or a host that slept) opens nothing; over a restart a day is believed, and
 * no more. A clock that is set back takes this time back with it, and gives back what was skipped before. What ends, ends by wall time.
 */
export class GrantClock {
  readonly #clock: Clock;
  /** Grant time at a moment, and that moment in monotonic ms. */
  #baseMs: number;
  #since: number;

  /** @param remembered of the last process; null where there was none. */
  constructor(clock: Clock, remembered: GrantTime | null) {
    this.#clock = clock;
    this.#since = clock.monotonicMs();
    this.#baseMs = begun(clock.wallMs(), remembered);
  }

  /** Unix ms, whole. */
  now(): number {
    return this.read().grantMs;
  }

  /** What is to be remembered: both of one moment, so that neither has what passes between two looks at the clock. */
  read(): GrantTime {
    const wallMs = this.#clock.wallMs();
    const passedMs = Math.floor(this.#baseMs + this.#clock.monotonicMs() - this.#since);
    return { wallMs, grantMs: wallMs > passedMs + JUMP_MS ? passedMs : wallMs };
  }

  /** How much of wall time was skipped, ms. */
  get skippedMs(): number {
    const { wallMs, grantMs } = this.read();
    return wallMs - grantMs;
  }

  /** An operator has looked, and wall time is right: nothing is skipped any more. */
  confirm(): void {
    this.#since = this.#clock.monotonicMs();
    this.#baseMs = this.#clock.wallMs();
  }
}

function begun(wallMs: number, remembered: GrantTime | null): number {
  if (remembered === null) return wallMs;
  const awayMs = wallMs - remembered.wallMs;
  // Set back meanwhile: nobody knows how long it was away.
  if (awayMs < 0) return Math.min(wallMs, remembered.grantMs);
  return remembered.grantMs + Math.min(awayMs, AWAY_MS);
}
