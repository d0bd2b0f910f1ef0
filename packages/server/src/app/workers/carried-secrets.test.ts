import { TallyError } from '@tallystick/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { manualClock } from '#ground/clock';
import { CarriedSecrets } from './carried-secrets.ts';

const ticket = (holdId: string) => ({ holdId, sourceId: 's', nonce: 'n', epoch: 'e', mac: 'm' });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function carrying() {
  const clock = manualClock();
  return { clock, secrets: new CarriedSecrets(clock) };
}

it('gives a secret to its hold once, and wipes it', () => {
  const { secrets } = carrying();
  const came = Buffer.from('sk-1');
  secrets.put('h1', came);
  came.fill(0);
  const seen = secrets.open(ticket('h1'), (secret) => ({ text: secret.toString(), secret }));
  expect(seen.text).toBe('sk-1');
  expect(seen.secret.every((byte) => byte === 0)).toBe(true);
  expect(() => secrets.open(ticket('h1'), () => 1)).toThrow('The permit has been used.');
});

it('wipes it also where its use fails', () => {
  const { secrets } = carrying();
  secrets.put('h1', Buffer.from('sk-1'));
  let kept: Buffer = Buffer.alloc(0);
  const use = (secret: Buffer) => {
    kept = secret;
    throw new Error('use');
  };
  expect(() => secrets.open(ticket('h1'), use)).toThrow('use');
  expect([...kept]).toEqual([0, 0, 0, 0]);
});

it('says what the vault said where that did not open it', () => {
  const { secrets } = carrying();
  secrets.refuse('h1', new TallyError('SECRET_UNAVAILABLE', 'gone', { reason: 'destroyed' }));
  expect(() => secrets.open(ticket('h1'), () => 1)).toThrow(expect.objectContaining({ facts: { reason: 'destroyed' } }));
});

it('keeps none that nobody asks for', () => {
  const { clock, secrets } = carrying();
  secrets.put('h1', Buffer.from('sk-1'));
  clock.advance(2_001);
  secrets.put('h2', Buffer.from('sk-2'));
  vi.advanceTimersByTime(2_000);
  expect(() => secrets.open(ticket('h1'), () => 1)).toThrow(TallyError);
  expect(secrets.open(ticket('h2'), (secret) => secret.toString())).toBe('sk-2');
});
