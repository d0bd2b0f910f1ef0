import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact, ModelFacts, Tokenizer } from '../facts/types.ts';
import { bytesBound, smallestBound, windowBound } from './bounds.ts';
import { counts, weakest } from './grades.ts';
import type { BoundInputs } from './inputs.ts';
import { CALL_FRAME_TOKENS, MESSAGE_FRAME_TOKENS, TOOL_FRAME_TOKENS } from './limits.ts';
import type { Bound, Grade } from './proof.ts';
import { codeOf, fact, inputs, model } from './testing.ts';

const GRADES: readonly Grade[] = ['proved', 'documented', 'declared', 'evidence', 'canary'];
/** Mostly proof, so that most calls have a bound. */
const grade: fc.Arbitrary<Grade> = fc.oneof({ weight: 4, arbitrary: fc.constant<Grade>('documented') }, fc.constantFrom(...GRADES));

function factOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Fact<T>> {
  return fc.tuple(value, grade).map(([of, how]) => fact(of, how));
}

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

const drawn = fc.record({
  window: factOf(fc.bigInt(1n, 3000n)),
  /** The input's own share of the window, in percent. */
  share: maybe(fc.bigInt(0n, 100n)),
  inputGrade: grade,
  maxOutput: factOf(fc.bigInt(1n, 1500n)),
  tokenizer: factOf(fc.constantFrom<Tokenizer>('byte_bpe', 'byte_bpe', 'unknown')),
  limitCoversReasoning: maybe(factOf(fc.boolean())),
  imageTokens: maybe(factOf(fc.bigInt(1n, 900n))),
  imagesBilledBeyondWindow: fc.boolean(),
});

const facts: fc.Arbitrary<ModelFacts> = drawn.map(({ share, inputGrade, window, maxOutput, ...more }) => {
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
  const output = { ...maxOutput, value: least(maxOutput.value, window.value) };
  if (share === undefined) return model({ ...given, window, maxOutput: output });
  const input = 1n + (window.value * share) / 100n;
  return model({ ...given, window: { ...window, value: input + output.value }, maxOutput: output, inputLimit: fact(input, inputGrade) });
});

const call: fc.Arbitrary<BoundInputs> = fc
  .record({
    facts,
    textBytes: fc.nat(2500),
    messages: fc.nat(4),
    tools: fc.nat(3),
    maxOutputPerChoice: fc.bigInt(1n, 2000n),
    choices: fc.integer({ min: 1, max: 4 }),
    images: fc.nat(3),
    opaque: fc.boolean(),
  })
  .map((more) => inputs(more));

/** What the provider makes of a call: numbers that are cut to what the facts allow. */
const wish = fc.bigInt(0n, 4000n);
const provider = fc.record({
  text: wish,
  frames: fc.bigInt(0n, 400n),
  image: fc.array(wish, { minLength: 3, maxLength: 3 }),
  seen: fc.bigInt(0n, 100n),
  file: wish,
  answers: fc.array(fc.tuple(wish, wish), { minLength: 4, maxLength: 4 }),
});
type Provider = typeof provider extends fc.Arbitrary<infer T> ? T : never;

type Bill = { readonly input: bigint; readonly output: bigint };

/**
 * The bill of a provider that keeps to those facts that are proof, and to nothing else.
 * @returns null where it refuses the prompt.
 */
function billOf(of: BoundInputs, given: Provider): Bill | null {
  const { window, inputLimit, tokenizer, imageTokens, imagesBilledBeyondWindow } = of.facts;
  const isBytes = tokenizer.value === 'byte_bpe' && counts(tokenizer.grade);
  const frames = BigInt(of.messages) * MESSAGE_FRAME_TOKENS + BigInt(of.tools) * TOOL_FRAME_TOKENS + CALL_FRAME_TOKENS;
  const text = isBytes ? least(given.text, BigInt(of.textBytes)) + least(given.frames, frames) : given.text + given.frames;
  const billed = given.image.slice(0, of.images).map((each) => (holds(imageTokens) ? least(each, imageTokens.value) : each));
  const images = billed.reduce((sum, each) => sum + each, 0n);
  const seen = imagesBilledBeyondWindow === true ? (images * given.seen) / 100n : images;
  const file = of.opaque ? given.file : 0n;
  const prompt = text + seen + file;
  if (counts(window.grade) && prompt > window.value) return null;
  if (holds(inputLimit) && prompt > inputLimit.value) return null;
  const answers = given.answers.slice(0, of.choices).map(([shown, thoughts]) => {
    const answer = answerOf(of, shown, thoughts);
    return counts(window.grade) ? least(answer, window.value - prompt) : answer;
  });
  return { input: text + images + file, output: answers.reduce((sum, each) => sum + each, 0n) };
}

/** One choice: what is shown stays within the limit that was sent, thoughts only where the facts prove it. */
function answerOf({ facts: { limitCoversReasoning, maxOutput }, maxOutputPerChoice: sent }: BoundInputs, shown: bigint, thoughts: bigint) {
  if (limitCoversReasoning === undefined) return least(shown + thoughts, sent);
  if (holds(limitCoversReasoning) && limitCoversReasoning.value) return least(shown + thoughts, sent);
  const most = maxOutput.value < sent ? sent : maxOutput.value;
  const answer = least(shown, sent) + thoughts;
  return holds(maxOutput) ? least(answer, most) : answer;
}

function holds<T>(of: Fact<T> | undefined): of is Fact<T> {
  return of !== undefined && counts(of.grade);
}

function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function expectCovered(bound: Bound | null, bill: Bill): void {
  if (bound === null) return;
  expect(bill.input <= bound.input).toBe(true);
  expect(bill.output <= bound.output).toBe(true);
  expect(bill.input + bill.output <= bound.total).toBe(true);
  expect(bound.total <= bound.input + bound.output).toBe(true);
  expect(counts(bound.grade)).toBe(true);
}

describe('no bound is below a bill', () => {
  it('of a provider that keeps to what is proof, whatever else the facts say', () => {
    let bounded = 0;
    fc.assert(
      fc.property(call, provider, (of, given) => {
        const bill = billOf(of, given);
        if (bill === null) return;
        expectCovered(bytesBound(of), bill);
        expectCovered(windowBound(of), bill);
        if (codeOf(() => smallestBound(of)) !== 'none') return;
        expectCovered(smallestBound(of), bill);
        bounded += 1;
      }),
      { numRuns: 20_000 },
    );
    expect(bounded).toBeGreaterThan(2000);
  });

  it('of an embedding model: each input is a pass of its own', () => {
    const texts = fc.array(fc.bigInt(0n, 600n), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(texts, fc.bigInt(1n, 500n), fc.nat(2), fc.bigInt(1n, 900n), (each, window, images, image) => {
        const of = inputs({
          facts: model({ endpoints: ['embed'], window: fact(window), imageTokens: fact(image), imagesBilledBeyondWindow: true }),
          endpoint: 'embed',
          textBytes: Number(each.reduce((sum, text) => sum + text, 0n)),
          inputs: each.length,
          images,
          maxOutputPerChoice: 0n,
        });
        const input = each.reduce((sum, text) => sum + least(text, window), 0n) + BigInt(images) * image;
        expectCovered(bytesBound(of), { input, output: 0n });
        expectCovered(windowBound(of), { input, output: 0n });
      }),
    );
  });

  it('and each input widens it or leaves it', () => {
    fc.assert(
      fc.property(call, fc.constantFrom('textBytes', 'messages', 'tools', 'choices', 'images'), (of, name) => {
        const more = { ...of, [name]: of[name] + 1 };
        for (const bound of [bytesBound, windowBound]) {
          const [less, wider] = [bound(of), bound(more)];
          if (less !== null && wider !== null) expect(wider.total >= less.total).toBe(true);
          if (less === null) expect(wider).toBeNull();
        }
      }),
    );
  });
});

describe('images', () => {
  const images = { images: 2 };

  it('cost what the facts say of one, each', () => {
    const of = inputs({ ...images, facts: model({ imageTokens: fact(300n) }) });
    expect(bytesBound(of)).toMatchObject({ input: 260n + 600n });
    expect(windowBound(of)).toMatchObject({ input: 1000n });
  });

  it('leave the window where one has no price, and nothing where they are billed beyond it', () => {
    expect(smallestBound(inputs(images))).toMatchObject({ proof: 'window', total: 1000n });
    expect(smallestBound(inputs({ ...images, facts: model({ imageTokens: fact(1n, 'canary') }) }))).toMatchObject({ proof: 'window' });
    const beyond = model({ imagesBilledBeyondWindow: true });
    expect(codeOf(() => smallestBound(inputs({ ...images, facts: beyond })))).toBe('CAP_EXCEEDED');
    expect(codeOf(() => smallestBound(inputs({ facts: beyond })))).toBe('none');
  });

  it('are added to the window where they are billed beyond it', () => {
    const facts = model({ imagesBilledBeyondWindow: true, imageTokens: fact(3000n) });
    expect(windowBound(inputs({ ...images, facts }))).toMatchObject({ input: 7000n, output: 50n, total: 7000n });
    expect(smallestBound(inputs({ ...images, facts }))).toMatchObject({ proof: 'bytes', total: 6310n });
  });
});

describe('what bytes do not bound', () => {
  it('leaves only the window', () => {
    expect(bytesBound(inputs({ opaque: true }))).toBeNull();
    expect(smallestBound(inputs({ opaque: true }))).toMatchObject({ proof: 'window' });
  });
});

describe('limits of their own', () => {
  it('add up: input, and all answers', () => {
    const facts = model({ window: fact(1000n), inputLimit: fact(600n), tokenizer: fact<Tokenizer>('unknown') });
    expect(smallestBound(inputs({ facts, choices: 3 }))).toMatchObject({ proof: 'window', input: 600n, output: 150n, total: 750n });
    const guessed = model({ ...facts, inputLimit: fact(600n, 'canary') });
    expect(codeOf(() => smallestBound(inputs({ facts: guessed })))).toBe('CAP_EXCEEDED');
  });
});

describe('a limit that does not bind', () => {
  const outputOf = (more: Partial<ModelFacts>) => bytesBound(inputs({ facts: model(more) }))?.output;

  it('leaves what the model can emit', () => {
    expect(outputOf({ limitCoversReasoning: fact(true) })).toBe(50n);
    expect(outputOf({ limitCoversReasoning: fact(false) })).toBe(400n);
    expect(outputOf({ limitCoversReasoning: fact(true, 'canary') })).toBe(400n);
    expect(outputOf({ limitCoversReasoning: fact(false), maxOutput: fact(20n) })).toBe(50n);
  });

  it('leaves the window where that is not known either', () => {
    const facts = model({ limitCoversReasoning: fact(false), maxOutput: fact(400n, 'canary') });
    expect(bytesBound(inputs({ facts }))).toBeNull();
    expect(windowBound(inputs({ facts, choices: 2 }))).toMatchObject({ output: 2000n, total: 2000n, grade: 'documented' });
  });
});

describe('the grade of a bound', () => {
  it('is the weakest of the facts that it rests on', () => {
    expect(weakest('proved')).toBe('proved');
    expect(weakest('documented', 'proved', 'declared')).toBe('declared');
    expect(weakest('declared', 'canary', 'evidence')).toBe('canary');
    const declared = { grade: 'declared' } as const;
    expect(bytesBound(inputs({ images: 1, facts: model({ imageTokens: fact(1n, 'declared') }) }))).toMatchObject(declared);
    expect(bytesBound(inputs({ facts: model({ imageTokens: fact(1n, 'declared') }) }))).toMatchObject({ grade: 'documented' });
    expect(windowBound(inputs({ facts: model({ inputLimit: fact(600n, 'declared') }) }))).toMatchObject(declared);
    expect(bytesBound(inputs({ facts: model({ limitCoversReasoning: fact(true, 'declared') }) }))).toMatchObject(declared);
    const emitted = model({ limitCoversReasoning: fact(false), maxOutput: fact(400n, 'declared') });
    expect(bytesBound(inputs({ facts: emitted }))).toMatchObject(declared);
    expect(windowBound(inputs({ facts: emitted }))).toMatchObject(declared);
  });
});
