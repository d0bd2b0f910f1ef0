import type { Shadow, ShadowHold } from './shadow.ts';

/** One request that left, and what its upstream bills for it. */
export type Sent = {
  readonly holdId: string;
  readonly sourceId: string;
  readonly bill: bigint;
  /** The most that an upstream which keeps its word could bill for these very bytes. */
  readonly billMax: bigint;
  /** Whether the charge must cover the bill: it stays within what was sent, and tells at least as much, or need not tell. */
  readonly isCovered: boolean;
};

/** From the hold's answer to its first byte, ms: what is promised. */
const SEND_WITHIN_MS = 2_000;

/** Watches what leaves the gateway and what comes back, against the shadow of the books: I1, I2 and I3, at each step. */
export class Watch {
  readonly sent = new Map<string, Sent>();
  readonly counts = new Map<string, number>();
  /** Sources whose overrun was visible to the gateway, and that no operator has thawed since. */
  readonly #visible = new Set<string>();
  /** Holds that were asked for after an overrun of their source was visible. */
  readonly #tooLate = new Map<string, string>();
  readonly #answeredAt = new Map<string, number>();
  readonly #billed = new Map<string, bigint>();
  readonly #say: (what: string) => void;
  /** What of it was billed by calls that kept to what they were sent for. */
  readonly #billedWithin = new Map<string, bigint>();
  shadow: Shadow | null = null;
  onOverrun: (sourceId: string) => void = () => {};

  constructor(say: (what: string) => void) {
    this.#say = say;
  }

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  billed(sourceId: string): bigint {
    return this.#billed.get(sourceId) ?? 0n;
  }

  asked(holdId: string, sourceId: string): void {
    if (this.#visible.has(sourceId)) this.#tooLate.set(holdId, sourceId);
  }

  answered(holdId: string, now: number): void {
    this.#answeredAt.set(holdId, now);
  }

  /** What the gateway is about to be shown proves that the upstream went over its limit. */
  overrunVisible(sourceId: string): void {
    this.count('overruns that show');
    this.#visible.add(sourceId);
    this.onOverrun(sourceId);
  }

  /** The engine could not write that the source is frozen: the gateway itself must keep everything off it. */
  freezeLost(sourceId: string): void {
    if (this.#visible.has(sourceId)) this.count('freezes that the engine could not write');
  }

  /** What only the process knew is gone: also an overrun that it had seen, and had not written yet. */
  crashed(): void {
    for (const sourceId of this.#visible) {
      if (this.shadow?.accounts.get(sourceId)?.state === 'frozen') continue;
      this.count('freezes lost in a crash');
      this.#visible.delete(sourceId);
    }
    this.#tooLate.clear();
    this.#answeredAt.clear();
  }

  /** @param durable the hold's state in the last commit, read on another connection; undefined where it is not there. */
  firstByte(sent: Sent, durable: string | undefined, epoch: string, now: number): void {
    const { holdId, sourceId, bill } = sent;
    const hold = this.shadow?.holds.get(holdId);
    if (this.sent.has(holdId)) this.#say(`I1: hold ${holdId} was sent twice`);
    if (hold === undefined || durable !== 'open') this.#say(`I1: a request left under hold ${holdId}, which is ${durable ?? 'not there'}`);
    if (hold !== undefined) this.#checkHold(sent, hold, epoch);
    const late = now - (this.#answeredAt.get(holdId) ?? now);
    if (late > SEND_WITHIN_MS) this.#say(`I1: hold ${holdId} was sent ${Math.round(late)} ms after its commit`);
    this.#answeredAt.delete(holdId);
    this.sent.set(holdId, sent);
    this.#billed.set(sourceId, this.billed(sourceId) + bill);
    if (sent.isCovered) this.#checkCap(sourceId, bill);
    this.count('requests sent');
  }

  created({ request }: ShadowHold): void {
    this.count('holds');
    if (this.#tooLate.delete(request.holdId))
      this.#say(`I3: hold ${request.holdId} was placed although its source was seen to overrun before it was asked for`);
  }

  ended({ request, state }: ShadowHold, paid: bigint): void {
    this.count(state);
    const sent = this.sent.get(request.holdId);
    if (sent?.isCovered !== true || paid >= sent.bill) return;
    this.#say(`I2: hold ${request.holdId} was ${state} at ${paid}, and its upstream bills ${sent.bill}`);
  }

  /** What is committed from here on may stand on it again. */
  thawed(accountId: string): void {
    this.#visible.delete(accountId);
    for (const [holdId, source] of this.#tooLate) if (source === accountId) this.#tooLate.delete(holdId);
  }

  /** The cap itself: whatever an operator has lowered it to since, it was never above its highest. */
  #checkCap(sourceId: string, bill: bigint): void {
    const within = (this.#billedWithin.get(sourceId) ?? 0n) + bill;
    this.#billedWithin.set(sourceId, within);
    const most = this.shadow?.accounts.get(sourceId)?.limitMax ?? 0n;
    if (within > most) this.#say(`I2: ${sourceId} has billed ${within}, its cap was never above ${most}`);
  }

  #checkHold({ holdId, sourceId, billMax, isCovered }: Sent, { request, epoch }: ShadowHold, own: string): void {
    const held = request.lines.find(({ accountId }) => accountId === sourceId)?.amount ?? 0n;
    if (request.sourceId !== sourceId) this.#say(`I1: hold ${holdId} is on ${request.sourceId}, and was sent to ${sourceId}`);
    if (epoch !== own) this.#say(`I1: hold ${holdId} was placed by another process`);
    if (isCovered && billMax > held) this.#say(`I2: hold ${holdId} of ${held} was sent with what can be billed ${billMax}`);
  }
}
