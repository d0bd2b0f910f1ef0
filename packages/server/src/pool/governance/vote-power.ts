import type { Standing } from '../status/standing.ts';
import { isAccepted, sumsOfOne } from '../status/sums.ts';

/** How much each donor's vote weighs at this moment. Today by what was given; later what a chain says. */
export interface VotePower {
  /**
   * By donor; who is not in it has no vote. All of one moment.
   * @param simulated for a task on keys of the sandbox, where what is simulated counts as well.
   */
  weights(simulated: boolean): Promise<ReadonlyMap<string, bigint>>;
}

export interface Standings {
  /** All of them, as they stand now. */
  all(): Promise<readonly Standing[]>;
}

/** `donor`: one each · `tokens`: what was used of a donor's gifts, and what may still be used. */
export type WeightBy = 'donor' | 'tokens';

/**
 * Weight by gifts that a provider has accepted. What was taken back weighs nothing: else a large gift that is destroyed at once would decide without
 * having given anything. So does a key of the sandbox, which costs nobody anything, but for tasks that cost nothing either.
 */
export class GiftPower implements VotePower {
  readonly #gifts: Standings;
  readonly #by: WeightBy;

  constructor(gifts: Standings, by: WeightBy) {
    this.#gifts = gifts;
    this.#by = by;
  }

  async weights(simulated: boolean): Promise<ReadonlyMap<string, bigint>> {
    const given = new Map<string, bigint>();
    for (const gift of (await this.#gifts.all()).filter(isAccepted)) {
      if (gift.simulated && !simulated) continue;
      const { used, held, remaining } = sumsOfOne(gift);
      given.set(gift.donor, (given.get(gift.donor) ?? 0n) + used + held + remaining);
    }
    const donors = [...given].filter(([, tokens]) => tokens > 0n);
    return new Map(donors.map(([donor, tokens]) => [donor, this.#by === 'donor' ? 1n : tokens]));
  }
}
