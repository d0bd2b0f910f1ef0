import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from './clock.ts';
import { GrantClock, type GrantTime } from './grant-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = 1_800_000_000_000;

describe('in one process', () => {
  it('grant time is wall time while that passes as time does', () => {
    const clock = manualClock(START);
    const grant = new GrantClock(clock, null);
    clock.advance(400 * DAY);
    expect(grant.now()).toBe(START + 400 * DAY);
    // Set right by a little: taken as it is.
    clock.setWall(clock.wallMs() + 5 * MINUTE);
    expect(grant.skippedMs).toBe(0);
  });

  it('a jump forward grants nothing, and time goes on from where it was', () => {
    const clock = manualClock(START);
    const grant = new GrantClock(clock, null);
    clock.setWall(START + 90 * DAY);
    expect(grant.now()).toBe(START);
    clock.advance(HOUR);
    expect(grant.now()).toBe(START + HOUR);
    expect(grant.skippedMs).toBe(90 * DAY);
    // Many small ones come to no more than one may.
    for (let n = 0; n < 1_000; n += 1) clock.setWall(clock.wallMs() + 4 * MINUTE);
    expect(grant.now()).toBe(START + HOUR);
  });

  it('going back gives the skipped time back, and takes what was not skipped', () => {
    const clock = manualClock(START);
    const grant = new GrantClock(clock, null);
    clock.setWall(START + DAY);
    clock.advance(HOUR);
    clock.setWall(START + HOUR);
    expect([grant.now(), grant.skippedMs]).toEqual([START + HOUR, 0]);
    clock.setWall(START - DAY);
    expect([grant.now(), grant.skippedMs]).toEqual([START - DAY, 0]);
    // And forth again, to where it would be had nobody touched it.
    clock.setWall(START + HOUR);
    expect([grant.now(), grant.skippedMs]).toEqual([START + HOUR, 0]);
  });

  it('an operator’s word ends the skipping', () => {
    const clock = manualClock(START);
    const grant = new GrantClock(clock, null);
    clock.setWall(START + DAY);
    grant.confirm();
    clock.advance(HOUR);
    expect([grant.now(), grant.skippedMs]).toEqual([START + DAY + HOUR, 0]);
  });

  it('skips nothing that passes between two looks at the clock', () => {
    let wall = START;
    const grant = new GrantClock({ wallMs: () => ++wall, monotonicMs: () => wall - START }, null);
    expect(grant.skippedMs).toBe(0);
    const { wallMs, grantMs } = grant.read();
    expect(grantMs).toBe(wallMs);
  });

  it('is whole milliseconds, as the books want them', () => {
    let monotonic = 0.25;
    const grant = new GrantClock({ wallMs: () => START + DAY, monotonicMs: () => monotonic }, { wallMs: START, grantMs: START - HOUR });
    monotonic += 1.4;
    expect(Number.isInteger(grant.now())).toBe(true);
  });
});

describe('over a restart', () => {
  const after = (gapMs: number, remembered: GrantTime) => new GrantClock(manualClock(remembered.wallMs + gapMs), remembered);
  const even = { wallMs: START, grantMs: START };

  it('a day is believed, what is beyond it is skipped', () => {
    expect(after(DAY, even).now()).toBe(START + DAY);
    expect(after(90 * DAY, even).now()).toBe(START + DAY);
    expect(after(90 * DAY, even).skippedMs).toBe(89 * DAY);
  });

  it('what was skipped stays so, and is given back as the clock goes back', () => {
    const ahead = { wallMs: START + DAY, grantMs: START };
    expect(after(HOUR, ahead).skippedMs).toBe(DAY);
    expect(after(HOUR - DAY, ahead)).toMatchObject({ skippedMs: HOUR });
    expect(after(-DAY, ahead).now()).toBe(START);
    expect(after(-2 * DAY, ahead).now()).toBe(START - DAY);
  });
});

it('never runs ahead of wall time, nor of the time that passed, by more than the tolerance and a day for each restart', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3 * DAY }) }),
    fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -200 * DAY, max: 200 * DAY }) }),
    fc.record({ kind: fc.constant('restart' as const), ms: fc.integer({ min: 0, max: HOUR }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const clock = manualClock(START);
      let grant = new GrantClock(clock, null);
      let [passed, restarts] = [0, 0];
      for (const { kind, ms } of steps) {
        if (kind === 'set') clock.setWall(clock.wallMs() + ms);
        else {
          const remembered = grant.read();
          clock.advance(ms);
          passed += ms;
          if (kind === 'restart') grant = new GrantClock(clock, remembered);
          restarts += kind === 'restart' ? 1 : 0;
        }
        expect(grant.now()).toBeLessThanOrEqual(clock.wallMs());
        expect(grant.now()).toBeLessThanOrEqual(START + passed + 5 * MINUTE + restarts * (DAY + 5 * MINUTE));
      }
    }),
  );
});
