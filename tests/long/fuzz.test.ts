import { utf8BytesMax } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import { checkTexts, checkUnicode } from '../fuzz/bounded.ts';
import { campaign } from '../fuzz/campaign.ts';
import { publicTokenizers } from '../fuzz/tokenizers.ts';

const SEED = 1;
const INPUTS = 1_000_000;

describe('fuzzing, 1,000,000 inputs', () => {
  it('breaks no oracle', async () => {
    const { counts, total, findings } = await campaign(SEED, INPUTS);
    console.log([...counts].map(([name, count]) => `${count} ${name}`).join('\n'), `\n${total} in all`);
    expect(findings).toEqual([]);
    expect(total).toBeGreaterThanOrEqual(INPUTS);
  });
});

describe('bytes bound the tokens of public tokenizers', () => {
  const tokenizers = publicTokenizers();

  it('of 15,000 hostile texts', () => {
    expect(() => checkTexts(tokenizers, SEED, 15_000, 30)).not.toThrow();
  });

  it('of every character of Unicode', () => {
    expect(() => checkUnicode(tokenizers, 64)).not.toThrow();
  });

  it('of a schema of 5 MB', () => {
    const fields = Array.from({ length: 40_000 }, (_, i) => [
      `field_${i}`,
      { type: 'string', description: `Feld ${i}: größer als ${i / 7}, ﬁ ½ 🧾`, enum: [`v${i}`, 'ſ', 'Ⅳ'], examples: [i, [i * i, -1e-7]] },
    ]);
    const schema = JSON.stringify({ type: 'object', properties: Object.fromEntries(fields) });
    expect(Buffer.byteLength(schema)).toBeGreaterThan(5_000_000);
    const bound = utf8BytesMax(Buffer.from(schema));
    for (const { name, count } of tokenizers) expect([name, count(schema) <= bound]).toEqual([name, true]);
  });
});
