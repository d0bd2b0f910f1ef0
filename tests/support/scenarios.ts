import type { Answered, ExecuteAnswer, PoolStage } from './pool.ts';

/** A scenario of the pool's document: the keys that are there, what is asked, what the provider answers, and the document's figures. */
export type Scenario = {
  readonly name: string;
  readonly title: string;
  /** Tokens, by the document's letter for the key. */
  readonly keys: Readonly<Record<string, number>>;
  readonly ask: Readonly<Record<string, unknown>>;
  readonly answers: readonly Answered[];
  readonly foreseen: {
    readonly tokens: number;
    readonly keysUsed: number;
    readonly switches: number;
    /** Of each key, tokens left at the end; null: its remainder is not said. */
    readonly left: Readonly<Record<string, number>>;
  };
};

export const SCENARIOS = {
  A: {
    name: 'A',
    title: 'one large key',
    keys: { A: 500_000 },
    ask: { task_description: 'Implement Cardano atomic swaps', estimated_tokens: 150_000 },
    answers: [{ text: 'Atomic swaps.', tokens: 147_532 }],
    foreseen: { tokens: 147_532, keysUsed: 1, switches: 0, left: { A: 352_468 } },
  },
  B: {
    name: 'B',
    title: 'several small keys, reserved together',
    keys: { A: 100_000, B: 80_000, C: 150_000 },
    ask: { task_description: 'Comprehensive security audit', estimated_tokens: 250_000 },
    answers: [
      { text: 'First half, ', tokens: 150_000, stop: 'length' },
      { text: 'second half.', tokens: 87_458 },
    ],
    foreseen: { tokens: 237_458, keysUsed: 2, switches: 1, left: { A: 12_542, B: 80_000, C: 0 } },
  },
  C: {
    name: 'C',
    title: 'another key in the midst of a long task',
    keys: { A: 100_000, C: 150_000 },
    ask: { task_description: 'Write comprehensive implementation guide…', max_total_tokens: 500_000 },
    answers: [
      { text: 'One. ', tokens: 82_341, stop: 'length' },
      { text: 'Two. ', tokens: 117_892, stop: 'length' },
      { text: 'Three.', tokens: 21_456 },
    ],
    foreseen: { tokens: 221_689, keysUsed: 2, switches: 1, left: { A: 17_659, C: 10_652 } },
  },
} as const satisfies Record<string, Scenario>;

/** The answer, and the ids of the keys by their letters. */
export type Played = { readonly answer: ExecuteAnswer; readonly ids: Readonly<Record<string, string>> };

/** Gives the keys, and asks. */
export async function playScenario(stage: PoolStage, { name, keys, ask, answers }: Scenario): Promise<Played> {
  const ids: Record<string, string> = {};
  for (const [letter, tokens] of Object.entries(keys)) ids[letter] = await stage.give(`sk-scenario-${name}-${letter}`, tokens);
  const before = stage.upstream.asked.length;
  stage.upstream.script = (_, number) => answers[number - before - 1] ?? { status: 500 };
  return { answer: await stage.execute(ask), ids };
}
