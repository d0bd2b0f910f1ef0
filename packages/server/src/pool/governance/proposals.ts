import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { LedgerRecords } from '#ledger';
import type { Vault } from '#vault';
import { amount, Store, type Stored, writeTogether } from '../store.ts';
import { type BallotRules, CHOICES, type Choice, outcomeOf, type Tally, tally, type Vote } from './ballots.ts';
import type { VotePower } from './vote-power.ts';

const PAGE = 500;
const bps = z.int().min(0).max(10_000);

const proposalCodec = z.strictObject({
  by: z.string(),
  /** The task runs on keys of the sandbox. */
  simulated: z.boolean(),
  rules: z.strictObject({ quorumBps: bps, majorityBps: bps }),
  /** Unix ms by grant time, as are all times here. */
  openedAt: z.int(),
  endsAt: z.int(),
  timelockMs: z.int().min(0),
  /** Donors who have voted. Each vote writes it anew, so that none is cast beside the count. */
  votes: z.int().min(0),
  tally: z.strictObject({ yes: amount, no: amount, abstain: amount, total: amount }).nullable(),
  outcome: z.enum(['passed', 'no_quorum', 'no_majority']).nullable(),
  /** When the task is queued, where it passed. */
  queueAt: z.int().nullable(),
});
export type Proposal = z.output<typeof proposalCodec>;

const voteCodec = z.strictObject({ donor: z.string(), choice: z.enum(CHOICES) });

/** `open → passed | failed`; both → `done` when the task has been told. */
export type ProposalState = 'open' | 'passed' | 'failed' | 'done';

/** What becomes of a task that is voted on. Each throws TASK_STATE or NOT_FOUND where it is past that, which ends the matter. */
export interface VotedTasks {
  approve(id: string): Promise<unknown>;
  queue(id: string): Promise<unknown>;
  reject(id: string): Promise<unknown>;
}

export type VoteSettings = BallotRules & { readonly periodMs: number; readonly timelockMs: number };

export type ProposalsDeps = {
  readonly ledger: LedgerRecords;
  readonly vault: Pick<Vault, 'audit'>;
  readonly power: VotePower;
  readonly tasks: VotedTasks;
  readonly settings: VoteSettings;
  /** Unix ms by grant time: a clock that is set forward ends no vote and no timelock. */
  readonly grantMs: () => number;
};

/** Votes of donors on tasks: one for each donor, which may be changed until the end, counted by the weights of that moment. */
export class Proposals {
  readonly #deps: ProposalsDeps;
  readonly #proposals: Store<Proposal>;
  readonly #votes: Store<Vote>;

  constructor(deps: ProposalsDeps) {
    this.#deps = deps;
    this.#proposals = new Store(deps.ledger, 'pool.proposal', proposalCodec);
    this.#votes = new Store(deps.ledger, 'pool.vote', voteCodec);
  }

  /** Opens the vote on a task under the rules of now. Idempotent. @param by who proposed the task. @param simulated whether it runs on keys of the sandbox. */
  async open(taskId: string, by: string, simulated: boolean): Promise<void> {
    if ((await this.#proposals.get(taskId)) !== null) return;
    const { vault, grantMs, settings } = this.#deps;
    const { quorumBps, majorityBps, periodMs, timelockMs } = settings;
    const openedAt = grantMs();
    const endsAt = openedAt + periodMs;
    await vault.audit('task.vote_opened', taskId, { by, ends_at: endsAt, quorum_bps: quorumBps, majority_bps: majorityBps });
    const proposal = { by, simulated, rules: { quorumBps, majorityBps }, openedAt, endsAt, timelockMs, votes: 0 };
    await this.#proposals.create(taskId, { ...proposal, tally: null, outcome: null, queueAt: null }, 'open').catch((error: unknown) => {
      if (!(error instanceof TallyError && error.code === 'STATE_INVALID')) throw error;
    });
  }

  /** @throws NOT_FOUND, TASK_STATE (the vote is over), FORBIDDEN (who has given nothing has no vote) */
  async vote(taskId: string, donor: string, choice: Choice): Promise<Proposal> {
    const { ledger, vault, power } = this.#deps;
    const voted = await this.#existing(taskId);
    this.#checkOpen(voted);
    if (((await power.weights(voted.value.simulated)).get(donor) ?? 0n) === 0n)
      throw new TallyError('FORBIDDEN', 'Only who has given something to the pool has a vote.');
    await vault.audit('task.voted', taskId, { donor, choice });
    const id = `${taskId}/${donor}`;
    await writeTogether(ledger, async () => {
      const [proposal, before] = [await this.#existing(taskId), await this.#votes.get(id)];
      this.#checkOpen(proposal);
      const vote = { donor, choice };
      const votes = proposal.value.votes + (before === null ? 1 : 0);
      return [
        this.#proposals.changing(proposal, { ...proposal.value, votes }),
        before === null ? this.#votes.creating(id, vote, 'cast') : this.#votes.changing(before, vote),
      ];
    });
    return (await this.#existing(taskId)).value;
  }

  /** Ends the votes whose time is over, and does what they decided. What a crash cut short is done the next time. */
  async tick(): Promise<void> {
    const now = this.#deps.grantMs();
    for await (const stored of this.#proposals.all('open')) if (stored.value.endsAt <= now) await this.#close(stored.id);
    for await (const stored of this.#proposals.all('passed')) await this.#carryOut(stored, now);
    for await (const stored of this.#proposals.all('failed')) await this.#drop(stored);
  }

  async #close(taskId: string): Promise<void> {
    const { ledger, vault, grantMs } = this.#deps;
    await writeTogether(ledger, async () => {
      const stored = await this.#existing(taskId);
      // Another host was quicker: written as it is.
      if (stored.state !== 'open') return [this.#proposals.changing(stored, stored.value)];
      const sums = await this.#tally(stored);
      const outcome = outcomeOf(sums, stored.value.rules);
      const { yes, no, abstain, total } = sums;
      const data = { outcome, yes: String(yes), no: String(no), abstain: String(abstain), total: String(total) };
      await vault.audit('task.vote_closed', taskId, { ...data, votes: stored.value.votes });
      const queueAt = outcome === 'passed' ? grantMs() + stored.value.timelockMs : null;
      return [
        this.#proposals.changing(stored, { ...stored.value, tally: sums, outcome, queueAt }, outcome === 'passed' ? 'passed' : 'failed'),
      ];
    });
  }

  async #tally({ id: taskId, value: { simulated } }: Stored<Proposal>): Promise<Tally> {
    const votes: Vote[] = [];
    for await (const vote of this.#votesOn(taskId)) votes.push(vote);
    const weights = await this.#deps.power.weights(simulated);
    const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0n);
    return tally(votes, weights, total);
  }

  async *#votesOn(taskId: string): AsyncGenerator<Vote, void> {
    const prefix = `${taskId}/`;
    for (let after = prefix; ; ) {
      const page = await this.#votes.list({ after, limit: PAGE });
      const mine = page.filter(({ id }) => id.startsWith(prefix));
      for (const { value } of mine) yield value;
      const last = mine.at(-1);
      if (last === undefined || mine.length < PAGE) return;
      after = last.id;
    }
  }

  async #carryOut({ id, value: { queueAt } }: Stored<Proposal>, now: number): Promise<void> {
    const { tasks } = this.#deps;
    const isDue = queueAt !== null && queueAt <= now;
    // Approved at once, so that all see it; it runs when the timelock is over.
    await past(tasks.approve(id));
    if (!isDue) return;
    await past(tasks.queue(id));
    await this.#done(id);
  }

  async #drop({ id }: Stored<Proposal>): Promise<void> {
    await past(this.#deps.tasks.reject(id));
    await this.#done(id);
  }

  async #done(id: string): Promise<void> {
    await this.#proposals.update(id, (value) => value, 'done');
  }

  /** The task is decided without it: there is nothing left to vote on. */
  async withdraw(taskId: string): Promise<void> {
    if ((await this.#proposals.get(taskId)) !== null) await this.#done(taskId);
  }

  /** The tasks whose vote is open, the oldest first. @param after the last one's id. */
  async listOpen(limit: number, after?: string): Promise<readonly (Proposal & { readonly taskId: string })[]> {
    const found = await this.#proposals.list({ state: 'open', limit, ...(after === undefined ? {} : { after }) });
    return found.map(({ id, value }) => ({ ...value, taskId: id }));
  }

  /** The vote on a task, or null where there is none. */
  async find(taskId: string): Promise<(Proposal & { readonly state: string }) | null> {
    const stored = await this.#proposals.get(taskId);
    return stored === null ? null : { ...stored.value, state: stored.state };
  }

  async #existing(taskId: string): Promise<Stored<Proposal>> {
    const stored = await this.#proposals.get(taskId);
    if (stored === null) throw new TallyError('NOT_FOUND', 'There is no vote on such a task.');
    return stored;
  }

  #checkOpen({ state, value: { endsAt } }: Stored<Proposal>): void {
    if (state === 'open' && this.#deps.grantMs() < endsAt) return;
    throw new TallyError('TASK_STATE', 'The vote is over.', { ends_at: endsAt });
  }
}

/** The task may be cancelled by now, or as far already. */
async function past(step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (error) {
    if (!(error instanceof TallyError && (error.code === 'TASK_STATE' || error.code === 'NOT_FOUND'))) throw error;
  }
}
