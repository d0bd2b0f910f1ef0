import { randomHex, uuidv7 } from '../packages/server/src/ground/ids.ts';
import { NO_HASH } from '../packages/server/src/ledger/protocol.ts';
import type { HoldRequest, Ledger, SettleRequest } from '../packages/server/src/ledger/types.ts';
import type { Setting } from './callers.ts';
import { KEYS, type KeyPart, SOURCES, type SourcePart } from './cast.ts';
import type { Shadow } from './shadow.ts';

type ReserverSetting = Setting & { readonly shadow: Shadow };

type Work = { readonly id: string; readonly source: SourcePart; readonly key: KeyPart; readonly amount: bigint };

const AMOUNT_MAX = 3_000;
/** Of a source whose overrun shows, only the gateway knows before the books do: these never have one. */
const CALM = SOURCES.filter(({ character }) => character === 'keeps');
/** Until somebody is there who can be asked. */
const AGAIN_MS = 100;

/**
 * Pieces of work: each keeps an amount of one source and one budget, holds within it again and again, sometimes more than is left, and ends
 * it, through crashes: what became of a step that nobody answered, the next one finds out.
 */
export class Reservers {
  readonly #setting: ReserverSetting;
  #number = 0;
  #hasEnded = false;

  constructor(setting: ReserverSetting) {
    this.#setting = setting;
  }

  begin(): void {
    const { dice, scheduler } = this.#setting;
    scheduler.worldAfter(dice.between(10, 9_000), () => {
      if (this.#hasEnded) return;
      this.#number += 1;
      const source = dice.pick(CALM);
      const key = dice.pick(KEYS.filter(({ sources }) => sources === null || sources.includes(source.id)));
      this.#step({ id: `work-${this.#number}`, source, key, amount: BigInt(dice.whole(100, AMOUNT_MAX)) });
      this.begin();
    });
  }

  /** No new work, and what runs is ended. */
  end(): void {
    this.#hasEnded = true;
  }

  #step(work: Work): void {
    const { dice, shadow, life, watch } = this.#setting;
    const now = life();
    if (now === null || now.isDead) {
      this.#again(work, AGAIN_MS);
      return;
    }
    const isOpen = shadow.reservations.all.get(work.id)?.isOpen;
    if (isOpen === false) return;
    if (isOpen === undefined) {
      // Whoever is refused, or has no answer, gives up now and then.
      if (this.#hasEnded || dice.chance(0.3)) return;
      this.#tell(now.ledger.reserve(reserveRequest(work)).then(({ result }) => watch.count(`reservation ${result}`)));
    } else if (this.#hasEnded || dice.chance(0.2)) {
      this.#tell(now.ledger.endReservation(work.id).then(({ result }) => watch.count(`end of a reservation: ${result}`)));
    } else this.#hold(now.ledger, work);
    this.#again(work, dice.between(1, 1_500));
  }

  #again(work: Work, ms: number): void {
    this.#setting.scheduler.worldAfter(ms, () => this.#step(work));
  }

  /** Not sent anywhere: what becomes of it is drawn. */
  #hold(ledger: Ledger, { id, source, key, amount }: Work): void {
    const { dice, scheduler, watch } = this.#setting;
    const need = dice.chance(0.1) ? amount : BigInt(dice.whole(0, Number(amount) >> 1));
    const request = holdRequest(id, source.id, key, need, dice.chance(0.15), scheduler.clock.wallMs());
    const placed = ledger.hold(request).then(({ result }) => {
      watch.count(`hold within: ${result}`);
      if (result !== 'created') return;
      const ms = dice.chance(0.3) ? 0 : dice.between(1, 3_000);
      scheduler.after(ms, () => this.#tell(ledger.settle(this.#settlement(request.holdId, need), dice.chance(0.7) ? 'soon' : 'now')));
    });
    this.#tell(placed);
  }

  #settlement(holdId: string, need: bigint): SettleRequest {
    const { dice, scheduler } = this.#setting;
    const outcome = dice.weighted<SettleRequest['outcome']>({ metered: 70, bound: 8, burned: 12, released: 10 });
    const most = Number(need);
    const tokens = BigInt(dice.chance(0.02) ? most + dice.whole(1, 50) : dice.whole(0, most));
    const rest = { credits: tokens, lines: [], endedAt: scheduler.clock.wallMs(), responseHash: NO_HASH, detail: {} };
    return { holdId, outcome, tokens, ...rest };
  }

  /** Whether it could be done does not matter here: the books say what became of it. */
  #tell(done: Promise<unknown>): void {
    done.catch(() => this.#setting.watch.count('steps of reserved work refused'));
  }
}

function reserveRequest({ id, source, key, amount }: Work) {
  const lines = [source.id, key.id].map((accountId) => ({ accountId, amount }));
  return { reservationId: id, tenantId: 't', keyId: key.id, lines };
}

/** Credits are not reserved: that line is held as any. */
function holdRequest(within: string, sourceId: string, key: KeyPart, amount: bigint, isCounted: boolean, now: number): HoldRequest {
  const ids = [sourceId, key.id, ...(key.hasCredits ? [`${key.id}-credits`] : [])];
  return {
    ...{ holdId: uuidv7(now), callId: uuidv7(now), attempt: 0, sourceId, keyId: key.id, tenantId: 't', within, nonce: randomHex(16) },
    lines: ids.map((accountId) => ({ accountId, amount })),
    guarded: isCounted,
    receiptId: randomHex(16),
    mode: 1,
    proof: isCounted ? 'count' : 'bytes',
    ...{
      tariffId: NO_HASH,
      factsVersion: 'simulated',
      tenantHash: NO_HASH,
      sourceHash: NO_HASH,
      providerHash: NO_HASH,
      requestHash: NO_HASH,
    },
    detail: {},
  };
}
