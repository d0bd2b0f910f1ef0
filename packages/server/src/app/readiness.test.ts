import { TallyError } from '@tallystick/core';
import { expect, it } from 'vitest';
import { manualClock } from '#ground/clock';
import { Readiness } from './readiness.ts';

it('asks once for all who ask at a time, and again a moment later', async () => {
  const clock = manualClock();
  let asked = 0;
  let isAway = false;
  const ping = async () => {
    asked += 1;
    if (isAway) throw new TallyError('LEDGER_UNAVAILABLE', 'Away.');
  };
  const readiness = new Readiness({ ping }, clock);
  expect(await Promise.all([readiness.books(), readiness.books()])).toEqual([null, null]);
  expect(asked).toBe(1);
  isAway = true;
  expect(await readiness.books()).toBeNull();
  clock.advance(250);
  expect(await readiness.books()).toBe('Away.');
  isAway = false;
  clock.advance(250);
  expect(await readiness.books()).toBeNull();
  expect(asked).toBe(3);
});

it('takes silence for no, and shows no words but our own', async () => {
  const silent = new Readiness({ ping: () => new Promise(() => {}) }, manualClock());
  expect(await silent.books()).toBe('The ledger does not answer.');
  const failing = new Readiness({ ping: () => Promise.reject(new Error('postgres://user:password@host')) }, manualClock());
  expect(await failing.books()).toBe('The ledger failed.');
});
