import { modelsOf } from '@tallystick/core';
import { findModel, SANDBOX_MODELS, TOKENS_PER_IMAGE } from '@tallystick/sandbox/models';
import { expect, it } from 'vitest';

it('core and the sandbox agree about the sandbox’s models', () => {
  const ours = modelsOf('sandbox');
  expect(ours.map(({ id }) => id)).toEqual(SANDBOX_MODELS.map(({ id }) => id));
  for (const facts of ours) {
    const theirs = findModel(facts.id);
    const fixed = theirs?.fixed;
    expect(facts.endpoints).toEqual(theirs?.endpoints);
    expect([Number(facts.window.value), Number(facts.maxOutput.value)]).toEqual([theirs?.window, theirs?.maxOutput]);
    expect(facts.fixedCost?.value).toBe(fixed === undefined ? undefined : BigInt(fixed.input + fixed.output));
    // Bytes bound a public tokenizer only; and images have one price, whoever looks at them.
    if (theirs?.tokensPerToken !== undefined) expect(facts.tokenizer.value).toBe('unknown');
    expect(facts.imageTokens?.value).toBe(BigInt(TOKENS_PER_IMAGE));
    expect(facts.prices?.value.every(({ price }) => price === 0n)).toBe(true);
  }
});
