import { expect, it } from 'vitest';
import { RestartPause } from './restart-pause.ts';

it('grows with each early end up to half a minute, and begins anew after a long life', () => {
  const pause = new RestartPause();
  const early = Array.from({ length: 12 }, () => pause.next(1_000));
  expect(early).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  expect(pause.deaths).toBe(12);
  expect([pause.next(30_000), pause.next(0)]).toEqual([0, 100]);
});
