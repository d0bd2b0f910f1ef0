import { TallyError } from '@tallystick/core';
import { expect, describe as group, it } from 'vitest';
import { describe } from './describe.ts';

group('what is logged of an error', () => {
  it('is the code of one that is known', () => {
    expect(describe(new TallyError('CAP_EXCEEDED', 'of sk-secret'))).toBe('CAP_EXCEEDED');
  });

  it('is never its message, which may quote a key or what a task says', () => {
    const thrown = [() => JSON.parse('sk-secret and a task'), () => new URL('sk-secret and a task'), () => BigInt('sk-secret')];
    for (const act of thrown) {
      let cause: unknown = null;
      try {
        act();
      } catch (error) {
        cause = error;
      }
      expect(cause).toBeInstanceOf(Error);
      expect(describe(cause)).toMatch(/^\w*Error /);
      expect(describe(cause)).not.toContain('secret');
    }
    expect(describe('sk-secret')).toBe('string');
  });
});
