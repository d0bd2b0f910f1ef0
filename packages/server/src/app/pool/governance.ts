import type { Config } from '#ground/config';
import { describe } from '#ground/describe';
import {
  type Approval,
  BookStandings,
  Breaches,
  type Donations,
  GiftPower,
  Guardians,
  Helped,
  isSimulated,
  OutboxFollower,
  Proposals,
  StatusReader,
  Stops,
  type Tasks,
  Voices,
} from '#pool';
import type { PoolParts } from './pool.ts';
import { receiptSign } from './receipt-sign.ts';

/** How often votes whose time is over are counted, and what they decided is done. */
const TICK_MS = 1_000;

export type Governance = {
  readonly lockout: PoolParts['lockout'];
  readonly stops: Stops;
  readonly guardians: Guardians;
  readonly breaches: Breaches;
  readonly proposals: Proposals;
  readonly status: StatusReader;
  /** Who approves a task before it runs. */
  readonly approval: Approval;
  readonly byVote: boolean;
  readonly voices: Voices;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** Who may decide what in the pool, and what it tells of itself. @param tasks asked for when there are some: they need the approval first. */
export function openGovernance(parts: PoolParts, donations: Donations, tasks: () => Tasks): Governance {
  const { ledger, vault, clock, grant, config, lockout, log } = parts;
  const grantMs = () => grant.now();
  const standings = new BookStandings({ ledger, donations: donations.stores.donations });
  const keys = {
    stop: async (id: string) => void (await donations.life.pause((await donations.owned(id, null)).id, 'operator')),
    start: async (id: string) => void (await donations.life.resume((await donations.owned(id, null)).id, 'operator')),
  };
  const stops = new Stops({ ledger, vault, keys });
  const breaches = new Breaches({ ledger, vault, stops, sign: receiptSign(vault), policy: config.TALLY_POOL_BREACH });
  const power = new GiftPower(standings, config.TALLY_POOL_VOTE_WEIGHT);
  const voted = {
    approve: (id: string) => tasks().approve(id),
    queue: (id: string) => tasks().queue(id),
    reject: (id: string) => tasks().reject(id),
  };
  const proposals = new Proposals({ ledger, vault, power, tasks: voted, settings: voteSettings(config), grantMs });
  const helped = new Helped({ ledger });
  const follower = new OutboxFollower({
    ledger,
    name: 'governance',
    take: async (event) => {
      if (event.topic === 'source.overrun') await breaches.take(event);
      else if (event.topic === 'receipt.settled') await helped.take(event);
    },
    log,
  });
  const byVote = config.TALLY_POOL_APPROVAL === 'vote';
  const rounds = new Rounds(async () => {
    // A vote that a crash kept from being opened.
    if (byVote) for (const task of await tasks().inState('proposed')) await proposals.open(task.id, task.by, isSimulated(task));
    await proposals.tick();
  }, parts);
  return {
    lockout,
    stops,
    guardians: new Guardians({ ledger, vault, clock }),
    breaches,
    proposals,
    status: new StatusReader({ ledger, standings, helped, lockout, stops, clock }),
    approval: approvalOf(parts, proposals, byVote),
    byVote,
    voices: new Voices({ pace: donations.stores.pace, power }),
    start: async () => {
      await follower.start();
      rounds.start();
    },
    stop: async () => {
      await rounds.stop();
      await follower.stop();
    },
  };
}

function approvalOf({ lockout, vault }: PoolParts, proposals: Proposals, byVote: boolean): Approval {
  return {
    decide: async (task) => {
      const { id, by } = task;
      if (lockout.view().override) await vault.audit('task.lockout_overridden', id, { unlocks_at: lockout.view().unlocksAt });
      if (byVote) await proposals.open(id, by, isSimulated(task));
      return !byVote && by === 'operator' ? 'approved' : 'waits';
    },
  };
}

function voteSettings(config: Config) {
  return {
    quorumBps: config.TALLY_POOL_VOTE_QUORUM_BPS,
    majorityBps: config.TALLY_POOL_VOTE_MAJORITY_BPS,
    periodMs: config.TALLY_POOL_VOTE_MS,
    timelockMs: config.TALLY_POOL_TIMELOCK_MS,
  };
}

/** Work done again and again, one round at a time. What fails is logged and done again in the next. */
class Rounds {
  readonly #work: () => Promise<void>;
  readonly #log: PoolParts['log'];
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(work: () => Promise<void>, { log }: Pick<PoolParts, 'log'>) {
    this.#work = work;
    this.#log = log;
  }

  start(): void {
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#running = this.#work()
        .catch((cause: unknown) => this.#log.warn({ cause: describe(cause) }, 'votes could not be counted yet'))
        .finally(() => {
          busy = false;
        });
    }, TICK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
  }
}
