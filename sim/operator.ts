import type { Setting } from './callers.ts';
import { KEYS, SOURCES } from './cast.ts';
import type { Shadow } from './shadow.ts';

type OperatorSetting = Setting & { readonly shadow: Shadow; readonly restart: () => void };

/** Most that a limit is moved at once, tokens. */
const STEP_MAX = 15_000;

/** The operator: moves limits, pauses, reconciles, stops everything and lets it go on, restarts; and the clock, which is nobody's. */
export class Operator {
  readonly #setting: OperatorSetting;
  #hasEnded = false;

  constructor(setting: OperatorSetting) {
    this.#setting = setting;
  }

  begin(): void {
    const { dice, scheduler } = this.#setting;
    scheduler.worldAfter(dice.between(10, 2_500), () => {
      if (this.#hasEnded) return;
      this.#act();
      this.begin();
    });
  }

  end(): void {
    this.#hasEnded = true;
  }

  #act(): void {
    const { dice, restart, life } = this.#setting;
    const now = life();
    if (now === null || now.isDead) return;
    const act = dice.weighted({ raise: 45, lower: 8, pause: 6, resume: 35, stop: 2, clock: 5, restart: 1, drop: 3, budget: 12 });
    if (act === 'raise' || act === 'lower') this.#limit(dice.pick(SOURCES).id, act === 'raise');
    else if (act === 'budget') this.#limit(dice.pick(KEYS).id, true);
    else if (act === 'pause') this.#tell(now.ledger.setState(dice.pick(SOURCES).id, 'paused', 'paused by hand'));
    else if (act === 'resume') this.#resume();
    else if (act === 'stop') this.#stop();
    else if (act === 'clock') this.#jump();
    else if (act === 'drop') this.#tell(now.ledger.dropReplays());
    else restart();
  }

  #limit(id: string, isRaise: boolean): void {
    const { dice, shadow, life } = this.#setting;
    const account = shadow.accounts.get(id);
    if (account === undefined) return;
    const by = BigInt(dice.whole(1, STEP_MAX));
    const to = isRaise ? account.limit + by : account.limit - by;
    const limit = to < 0n ? 0n : to > account.ceiling ? account.ceiling : to;
    this.#tell(life()?.ledger.setLimit(id, limit, 'by hand'));
    const credits = shadow.accounts.get(`${id}-credits`);
    if (credits !== undefined && isRaise) this.#tell(life()?.ledger.setLimit(credits.id, credits.limit + by, 'by hand'));
  }

  /** What is frozen goes on with the provider's own total, as it would be looked up. */
  #resume(): void {
    const { dice, shadow, watch, life } = this.#setting;
    const idle = [...shadow.accounts.values()].filter(({ kind, state }) => kind === 'source' && (state === 'paused' || state === 'frozen'));
    if (idle.length === 0) return;
    const { id } = dice.pick(idle);
    this.#tell(life()?.ledger.setState(id, 'active', 'reconciled', watch.billed(id)));
  }

  #stop(): void {
    const { dice, scheduler, life, trace } = this.#setting;
    trace('all calls are stopped');
    this.#tell(life()?.ledger.setStop(true, 'by hand'));
    const goOn = () => {
      const now = life();
      // Whoever has to do with a process that is just dying tries again.
      if (now === null || now.isDead) scheduler.worldAfter(100, goOn);
      else now.ledger.setStop(false, '').catch(() => scheduler.worldAfter(100, goOn));
    };
    scheduler.worldAfter(dice.between(50, 3_000), goOn);
  }

  #jump(): void {
    const { dice, scheduler, trace } = this.#setting;
    const ms = dice.whole(-3_600_000, 60_000);
    trace(`the clock jumps by ${ms} ms`);
    scheduler.clock.setWall(scheduler.clock.wallMs() + ms);
  }

  /** Whether it could be done does not matter here: the books say what became of it. */
  #tell(done: Promise<unknown> | undefined): void {
    done?.catch(() => this.#setting.watch.count('acts refused'));
  }
}
