import type { BatchOp, OpAnswer, Settlement } from '../packages/server/src/ledger/protocol.ts';
import type {
  AccountKind,
  AccountState,
  Asset,
  HoldLine,
  HoldRequest,
  HoldResult,
  HoldState,
  NewAccount,
  SettleResult,
} from '../packages/server/src/ledger/types.ts';

export type ShadowAccount = {
  readonly id: string;
  readonly kind: AccountKind;
  readonly asset: Asset;
  readonly ceiling: bigint;
  readonly expiresAt: number | null;
  limit: bigint;
  /** The highest that its limit ever was. */
  limitMax: bigint;
  held: bigint;
  spent: bigint;
  overrun: bigint;
  state: AccountState;
};

export type ShadowHold = { readonly request: HoldRequest; readonly epoch: string; state: HoldState; charged: bigint };

/** What the shadow tells whoever watches, beside what it says is wrong. */
export type ShadowEvents = {
  created(hold: ShadowHold): void;
  /** `paid`: by its source, overrun included. */
  ended(hold: ShadowHold, paid: bigint): void;
  thawed(accountId: string): void;
};

/**
 * The books once more, in a few maps, by the rules as they are promised and without a line of the ledger's: it is told what was answered,
 * in the order in which it was committed, and says where that breaks a promise.
 */
export class Shadow {
  readonly accounts = new Map<string, ShadowAccount>();
  readonly holds = new Map<string, ShadowHold>();
  readonly #idempotency = new Map<string, ShadowHold[]>();
  readonly #events: ShadowEvents;
  readonly #say: (what: string) => void;
  stopped = false;

  constructor(events: ShadowEvents, say: (what: string) => void) {
    this.#events = events;
    this.#say = say;
  }

  /** @param now the writer's time, Unix ms. */
  apply(op: BatchOp, { value, fault }: OpAnswer, epoch: string, now: number): void {
    if (fault !== undefined) return;
    if (op.kind === 'hold') this.#hold(op.body, value as HoldResult, epoch, now);
    else if (op.kind === 'settle') this.#settle(op.body, value as SettleResult);
    else if (op.kind === 'setStop') this.stopped = op.body.stopped;
    else if (op.kind === 'setLimit') this.#setLimit(op.body.accountId, op.body.limit);
    else if (op.kind === 'setState') this.#setState(op.body.accountId, op.body.state, op.body.reconciledSpent);
    else if (op.kind === 'addSource' || op.kind === 'addKey') for (const account of op.body.accounts) this.#open(account);
  }

  /** What the next opening does: holds that are open belong to nobody any more, and are spent. */
  burnAll(): void {
    for (const hold of this.holds.values())
      if (hold.state === 'open') this.#end(hold, 'burned', { outcome: 'burned', tokens: 0n, credits: 0n });
  }

  /** Taken before a commit whose fate is not known. @returns puts back what was. */
  remember(): () => void {
    const accounts = [...this.accounts.values()].map((account) => ({ ...account }));
    const open = [...this.holds.values()].filter(({ state }) => state === 'open').map((hold) => ({ ...hold }));
    const known = new Set(this.holds.keys());
    const { stopped } = this;
    return () => {
      for (const account of accounts) this.accounts.set(account.id, account);
      for (const id of [...this.holds.keys()]) if (!known.has(id)) this.holds.delete(id);
      for (const hold of open) this.#put(hold);
      for (const [key, holds] of this.#idempotency)
        this.#idempotency.set(
          key,
          holds.flatMap(({ request }) => this.holds.get(request.holdId) ?? []),
        );
      this.stopped = stopped;
    };
  }

  #put(hold: ShadowHold): void {
    this.holds.set(hold.request.holdId, hold);
  }

  #account(id: string): ShadowAccount {
    return this.accounts.get(id) as ShadowAccount;
  }

  #open({ id, kind, asset, ceiling, limit, expiresAt }: NewAccount): void {
    const nothing = { held: 0n, spent: 0n, overrun: 0n };
    this.accounts.set(id, { id, kind, asset, ceiling, limit, limitMax: limit, expiresAt: expiresAt ?? null, ...nothing, state: 'active' });
  }

  #hold(request: HoldRequest, answer: HoldResult, epoch: string, now: number): void {
    if (answer.result !== 'created') return;
    const { holdId } = request;
    if (this.holds.has(holdId)) this.#say(`I1: hold ${holdId} was created twice`);
    if (this.stopped) this.#say(`I1: hold ${holdId} was placed while all calls are stopped`);
    for (const line of request.lines) this.#place(request, line, now);
    const hold: ShadowHold = { request, epoch, state: 'open', charged: 0n };
    this.#takeKey(hold);
    this.holds.set(holdId, hold);
    this.#events.created(hold);
  }

  #place({ holdId, proof }: HoldRequest, { accountId, amount }: HoldLine, now: number): void {
    const account = this.#account(accountId);
    const { limit, held, spent, overrun, state, expiresAt } = account;
    const guard = proof === 'count' ? (limit + 9n) / 10n : 0n;
    if (state !== 'active') this.#say(`I1: hold ${holdId} was placed on ${accountId}, which is ${state}`);
    if (expiresAt !== null && expiresAt <= now) this.#say(`I1: hold ${holdId} was placed on ${accountId}, which has expired`);
    if (held + spent + overrun + amount + guard > limit)
      this.#say(
        `I1: ${accountId} has ${held} held, ${spent} spent, ${overrun} overrun; ${amount} more (guard ${guard}) break its limit of ${limit}`,
      );
    account.held += amount;
  }

  /** A key is taken over only within one call, after attempts that all were provably not billed. */
  #takeKey(hold: ShadowHold): void {
    const { idempotency, keyId, callId, holdId } = hold.request;
    if (idempotency === undefined) return;
    const name = JSON.stringify([keyId, idempotency.route, idempotency.key]);
    const earlier = this.#idempotency.get(name) ?? [];
    for (const { request, state } of earlier) {
      if (request.callId === callId && state === 'released') continue;
      this.#say(`I1: hold ${holdId} was placed under an idempotency key whose hold ${request.holdId} is ${state}`);
    }
    this.#idempotency.set(name, [...earlier, hold]);
  }

  #settle(s: Settlement, answer: SettleResult): void {
    const hold = this.holds.get(s.holdId);
    if (answer.result === 'unknown') {
      if (hold !== undefined) this.#say(`hold ${s.holdId} is not known when it is settled`);
    } else if (hold === undefined) this.#say(`hold ${s.holdId} was settled, and never placed`);
    else if (answer.result === 'already') {
      if (hold.state === 'open') this.#say(`hold ${s.holdId} is open, and was said to be ${answer.state}`);
    } else {
      if (hold.state !== 'open') this.#say(`hold ${s.holdId} was ${hold.state} when it was settled`);
      const paid = this.#end(hold, STATES[s.outcome], s);
      if (paid !== answer.charged) this.#say(`hold ${s.holdId} was charged ${answer.charged}, its outcome ${s.outcome} comes to ${paid}`);
    }
  }

  #end(hold: ShadowHold, state: HoldState, s: Charge): bigint {
    const { sourceId, lines } = hold.request;
    let paidBySource = 0n;
    for (const { accountId, amount } of lines) {
      const account = this.#account(accountId);
      const paid = paidBy(account, amount, s);
      const within = paid < amount ? paid : amount;
      account.held -= amount;
      account.spent += within;
      account.overrun += paid - within;
      if (paid > within && account.kind === 'source' && account.state !== 'revoked' && account.state !== 'destroyed')
        account.state = 'frozen';
      if (accountId === sourceId) paidBySource = paid;
    }
    hold.state = state;
    hold.charged = paidBySource;
    this.#events.ended(hold, paidBySource);
    return paidBySource;
  }

  #setLimit(accountId: string, limit: bigint): void {
    const account = this.#account(accountId);
    account.limit = limit;
    if (limit > account.limitMax) account.limitMax = limit;
  }

  #setState(accountId: string, state: AccountState, reconciledSpent: bigint | undefined): void {
    const account = this.#account(accountId);
    const thaws = account.state === 'frozen' && (state === 'active' || state === 'paused');
    const missing = thaws ? (reconciledSpent ?? 0n) - account.spent - account.overrun : 0n;
    if (missing > 0n) {
      const room = account.ceiling - account.held - account.spent;
      const within = missing < room ? missing : room;
      account.spent += within;
      account.overrun += missing - within;
    }
    account.state = state;
    if (state === 'active') this.#events.thawed(accountId);
  }
}

type Charge = Pick<Settlement, 'outcome' | 'tokens' | 'credits'>;

const STATES: Readonly<Record<Settlement['outcome'], HoldState>> = {
  metered: 'settled',
  bound: 'settled',
  burned: 'burned',
  released: 'released',
};

/** Who pays what of an outcome (docs/reference/guarantees.md): a burn takes all of a source, and of a budget what was delivered. */
function paidBy({ kind, asset }: ShadowAccount, held: bigint, { outcome, tokens, credits }: Charge): bigint {
  const metered = asset === 'credits' ? credits : tokens;
  if (outcome === 'released') return 0n;
  if (outcome === 'metered') return metered;
  if (outcome === 'bound' || kind === 'source') return held;
  return metered < held ? metered : held;
}
