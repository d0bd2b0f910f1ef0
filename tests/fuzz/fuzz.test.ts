import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';
import { minimise } from './minimise.ts';
import { search, tell } from './run.ts';
import { keptSeeds } from './seeds.ts';
import { must, type Target } from './target.ts';
import { allTargets } from './targets.ts';

const SEED = 20_260_501;
const INPUTS = 20_000;

describe('fuzzing', () => {
  it('breaks no oracle with the kept inputs and 20,000 new ones', async () => {
    const { total, findings } = await campaign(SEED, INPUTS);
    expect(findings).toEqual([]);
    expect(total).toBeGreaterThanOrEqual(INPUTS);
  });

  it('reaches every dialect', async () => {
    const names = (await allTargets()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['walk CHAT_FIELDS', 'walk RESPONSES_FIELDS', 'walk EMBEDDINGS_FIELDS', 'splice', 'sse']));
    expect(names).toEqual(expect.arrayContaining(['walk MESSAGES_FIELDS', 'walk GENERATE_FIELDS', 'scanner AnthropicScanner']));
    expect(names).toEqual(expect.arrayContaining(['scanner GoogleScanner', 'scanner OpenAiChatScanner', 'scanner OpenAiResponsesScanner']));
    expect(new Set(names).size).toBe(names.length);
    expect(keptSeeds().length).toBeGreaterThan(0);
  });
});

describe('a search', () => {
  const twoBytes: Target = {
    name: 'planted',
    share: 1,
    make: (random) => Uint8Array.from({ length: 40 }, () => Math.floor(random() * 256)),
    check: (input) => must(!(input.includes(7) && input.includes(9)), 'holds 7 and 9'),
  };

  it('finds the same input again, and shows the smallest that still fails', () => {
    const first = search(twoBytes, 3, 10_000);
    expect(first).toEqual(search(twoBytes, 3, 10_000));
    expect([...(first?.input ?? [])].toSorted()).toEqual([7, 9]);
    expect(first === null ? '' : tell(first)).toMatch(/^planted, seed 3, input \d+: holds 7 and 9\n2 bytes, base64: \S{4}$/);
  });

  it('tells an error that no oracle expects', () => {
    const crash = () => {
      throw new RangeError('too deep');
    };
    expect(search({ ...twoBytes, check: crash }, 1, 1)?.what).toBe('RangeError: too deep');
  });

  it('ends where nothing can be taken away', () => {
    expect(minimise(Buffer.from('abc'), () => false).toString()).toBe('abc');
    expect(minimise(Buffer.from('abcdefgh'), () => true)).toHaveLength(0);
  });
});
