import { crowdSheet, type Sheet, secretOf, writeSheet } from './cast.ts';
import type { Dice } from './dice.ts';
import { type Answer, type Reader, send } from './exchange.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import type { Watch } from './watch.ts';

export type Setting = {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly watch: Watch;
  /** The process that lives now. */
  readonly life: () => Life | null;
  readonly trace: (line: string) => void;
};

/** Idempotency keys that somebody may use again. */
const REMEMBERED_MAX = 12;
/** Calls that come together. */
const CROWD = 3;
const STAYS = Number.POSITIVE_INFINITY;

type Keyed = { readonly key: string; readonly sheet: Sheet };

/** Those who call: at all times some, now and then many at once, with keys that they use again, slow, and gone before the end. */
export class Callers {
  readonly #setting: Setting;
  readonly #remembered: Keyed[] = [];
  #number = 0;
  #hasEnded = false;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  begin(): void {
    this.#later();
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** The process died under their calls: some ask again, as soon as they can. */
  lost(): void {
    const { dice, scheduler } = this.#setting;
    if (this.#hasEnded) return;
    for (const keyed of this.#remembered) {
      if (dice.chance(0.5)) scheduler.worldAfter(dice.between(1, 500), () => this.#call(keyed.sheet, keyed.key));
    }
  }

  /** Several at once, on what its source has just been seen to break. */
  crowd(sourceId: string): void {
    const { dice, scheduler } = this.#setting;
    if (this.#hasEnded || dice.chance(0.3)) return;
    for (let i = 0; i < CROWD; i += 1) scheduler.worldAfter(dice.between(0, 3), () => this.#call(crowdSheet(dice, sourceId), null));
  }

  #later(): void {
    const { dice, scheduler } = this.#setting;
    const ms = dice.chance(0.2) ? dice.between(0, 1) : dice.between(1, 900);
    scheduler.worldAfter(ms, () => {
      if (this.#hasEnded) return;
      this.#draw();
      this.#later();
    });
  }

  #draw(): void {
    const { dice } = this.#setting;
    const again = dice.chance(0.5) ? dice.pick(this.#remembered) : undefined;
    if (!dice.chance(0.4)) this.#call(writeSheet(dice), null);
    else if (again === undefined) this.#remember({ key: `once-${this.#number}`, sheet: writeSheet(dice) });
    else this.#call(dice.chance(0.85) ? again.sheet : { ...writeSheet(dice), keyId: again.sheet.keyId }, again.key);
  }

  #remember(keyed: Keyed): void {
    this.#remembered.push(keyed);
    if (this.#remembered.length > REMEMBERED_MAX) this.#remembered.shift();
    this.#call(keyed.sheet, keyed.key);
  }

  #call({ keyId, url, body }: Sheet, idempotencyKey: string | null): void {
    const { scheduler, dice, life, watch, trace } = this.#setting;
    const now = life();
    if (now === null || now.isDead) return;
    this.#number += 1;
    const name = `call ${this.#number}`;
    trace(`${name} with ${keyId} to ${url}${idempotencyKey === null ? '' : ` under ${idempotencyKey}`}`);
    watch.count('calls');
    const headers = {
      authorization: `Bearer ${secretOf(keyId)}`,
      'content-type': 'application/json',
      ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
    };
    const handle = now.handle.bind(now);
    send(scheduler, dice, { url, headers, body }, this.#reader(), handle, (answer) => this.#told(name, answer));
  }

  #reader(): Reader {
    const { dice } = this.#setting;
    const leavesMs = dice.chance(0.15) ? dice.between(1, 3_000) : STAYS;
    const how = dice.weighted({ fast: 85, slow: 12, stuck: 3 });
    if (how === 'fast') return { full: 0, drainMs: 1, leavesMs };
    return how === 'slow' ? { full: 0.5, drainMs: dice.between(1, 4_000), leavesMs } : { full: 0.5, drainMs: STAYS, leavesMs };
  }

  #told(name: string, { status, error, isReplay, isWhole }: Answer): void {
    const { trace, watch } = this.#setting;
    trace(`${name} is answered with ${status} ${error ?? ''}${isReplay ? ' replayed' : ''}${isWhole ? '' : ' in part'}`);
    watch.count(`answer ${isReplay ? 'replayed' : (error ?? (status === 200 ? (isWhole ? 'whole' : 'left') : 'none'))}`);
  }
}
