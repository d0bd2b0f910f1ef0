import type { Answered, Asked, PlayedUpstream } from '../pool.ts';
import { seeded } from '../random.ts';
import type { Plan, PlannedTask } from './plan.ts';

/** What a provider bills for the input of these short conversations. */
const INPUT = 40;
const PIECE = 'Written, word after word. ';

export type Faults = Record<'refused' | 'failed' | 'cut' | 'silent' | 'slow' | 'lies', number>;

/** The providers as the plan has them: each knows the keys that were given, writes each task to its own length, and fails as providers do. */
export class Providers {
  readonly faults: Faults = { refused: 0, failed: 0, cut: 0, silent: 0, slow: 0, lies: 0 };
  readonly #plan: Plan;
  readonly #tasks: ReadonlyMap<number, PlannedTask>;
  /** Tokens of each task so far, and how often it was asked for, by its number. */
  readonly #written = new Map<number, number>();
  readonly #asked = new Map<number, number>();

  constructor(plan: Plan, upstream: PlayedUpstream) {
    this.#plan = plan;
    this.#tasks = new Map(plan.tasks.map((task) => [task.number, task]));
    const keys = new Set(plan.gifts.map(({ apiKey }) => apiKey));
    upstream.knows = (key) => keys.has(key);
    upstream.script = (asked) => this.#answer(asked);
  }

  #answer(asked: Asked): Answered {
    const number = Number(/#(\d+):/.exec(asked.body)?.[1]);
    const times = (this.#asked.get(number) ?? 0) + 1;
    this.#asked.set(number, times);
    // By task and call, so that it does not depend on which task comes first.
    const random = seeded(this.#plan.seed * 1_000_003 + number * 1_009 + times);
    if (asked.key === this.#plan.liar) return this.#lie(asked);
    return this.#fault(random(), asked) ?? this.#write(number, asked, random());
  }

  #write(number: number, { limit }: Asked, chance: number): Answered {
    const whole = this.#tasks.get(number)?.whole ?? 100;
    const written = this.#written.get(number) ?? 0;
    const missing = Math.max(1, whole - written);
    const output = Math.min(limit, missing);
    this.#written.set(number, written + output);
    const isSlow = chance < 0.02;
    if (isSlow) this.faults.slow += 1;
    const stop = output === missing ? 'stop' : 'length';
    return { text: PIECE.repeat(isSlow ? 8 : 2), tokens: INPUT + output, stop, slowMs: isSlow ? 60 : 0 };
  }

  #fault(chance: number, { limit }: Asked): Answered | null {
    const kinds: readonly (readonly [keyof Faults, number, () => Answered])[] = [
      ['refused', 0.008, () => ({ status: 429 })],
      ['failed', 0.005, () => ({ status: 500 })],
      ['cut', 0.005, () => ({ text: PIECE.repeat(3), tokens: INPUT + Math.floor(limit / 2), dies: true })],
      ['silent', 0.002, () => ({ tokens: INPUT + limit, hangs: true })],
    ];
    let sum = 0;
    for (const [kind, share, answer] of kinds) {
      sum += share * this.#plan.faultiness;
      if (chance >= sum) continue;
      this.faults[kind] += 1;
      return answer();
    }
    return null;
  }

  /** Twice what it was sent, and more. */
  #lie({ limit }: Asked): Answered {
    this.faults.lies += 1;
    return { text: PIECE, tokens: 2 * limit + 9_000 };
  }
}
