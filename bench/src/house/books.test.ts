import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../dialects/dialects.ts';
import { sourceChecks } from './books.ts';

const SOURCE = { limit: '1000', held: '0', spent: '560', overrun: '0', state: 'active' };
const checked = (change: Partial<typeof SOURCE>, calls = 2) =>
  sourceChecks({ dialect: DIALECTS.google }, { ...SOURCE, ...change }, calls).map(([, ok]) => ok);

describe('sourceChecks', () => {
  it('want what was spent to be what was billed', () => {
    expect(checked({})).toEqual([true, true]);
    expect(checked({ spent: '561' })).toEqual([false, true]);
    expect(checked({}, 3)).toEqual([false, true]);
    expect(checked({ overrun: '1' })).toEqual([false, true]);
  });

  it('want no hold left, no freeze and no cap exceeded', () => {
    expect(checked({ held: '1' })).toEqual([true, false]);
    expect(checked({ state: 'frozen' })).toEqual([true, false]);
    expect(checked({ limit: '559' })).toEqual([true, false]);
  });
});
