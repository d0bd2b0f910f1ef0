/** Time, passed in wherever it is needed. Wall time may jump; durations are taken from `monotonicMs` only. */
export interface Clock {
  /** Unix ms. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that stands still until it is told to move. For tests and simulation. */
export type ManualClock = Clock & {
  /** Moves both times forward. */
  advance(ms: number): void;
  /** Sets wall time only, also backward, as an operator or NTP may. */
  setWall(ms: number): void;
};

/** @param wall Unix ms at the start. */
export function manualClock(wall = 1_800_000_000_000): ManualClock {
  let wallNow = wall;
  let monotonicNow = 0;
  return {
    wallMs: () => wallNow,
    monotonicMs: () => monotonicNow,
    advance(ms) {
      wallNow += ms;
      monotonicNow += ms;
    },
    setWall(ms) {
      wallNow = ms;
    },
  };
}
