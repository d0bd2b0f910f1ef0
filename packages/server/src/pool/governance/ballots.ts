/** What a donor says of a proposal. `abstain` counts for the quorum alone. */
export const CHOICES = ['yes', 'no', 'abstain'] as const;
export type Choice = (typeof CHOICES)[number];

/** The rules that a proposal was opened under; they stay its rules whatever is configured since. */
export type BallotRules = {
  /** Of all weight there is, so much must vote: hundredths of a percent. */
  readonly quorumBps: number;
  /** Of the weight that says yes or no, more than so much must say yes: hundredths of a percent, at least half. */
  readonly majorityBps: number;
};

/** Weights by choice, and of all who could have voted. */
export type Tally = Readonly<Record<Choice, bigint>> & { readonly total: bigint };

export type Vote = { readonly donor: string; readonly choice: Choice };

const BPS = 10_000n;

/** How a vote went. `no_quorum`: too few took part · `no_majority`: as many were against it, or not enough for it. */
export type Outcome = 'passed' | 'no_quorum' | 'no_majority';

/**
 * Adds up the votes by the weights that their donors have at this moment. Who has none any more counts for nothing.
 * @param total of all donors; never taken for less than what voted, where a gift came in between two readings.
 */
export function tally(votes: readonly Vote[], weights: ReadonlyMap<string, bigint>, total: bigint): Tally {
  const sums: Record<Choice, bigint> = { yes: 0n, no: 0n, abstain: 0n };
  for (const { donor, choice } of votes) sums[choice] += weights.get(donor) ?? 0n;
  const voted = sums.yes + sums.no + sums.abstain;
  return { ...sums, total: total > voted ? total : voted };
}

/** A tie fails, and so does what nobody is for. */
export function outcomeOf({ yes, no, abstain, total }: Tally, { quorumBps, majorityBps }: BallotRules): Outcome {
  if (total === 0n || (yes + no + abstain) * BPS < BigInt(quorumBps) * total) return 'no_quorum';
  return yes * BPS > BigInt(majorityBps) * (yes + no) ? 'passed' : 'no_majority';
}
