import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import { Channel, SOON_MS, type WriterPort } from './channel.ts';
import { type Asker, AskerLine } from './hub-line.ts';
import { KeyedCalls } from './keyed-calls.ts';
import { LIMITS } from './limits.ts';
import { Orphans } from './orphans.ts';
import type { Fault, Op, OpAnswer, QueuedOp, WriterMessage, WriterReply } from './protocol.ts';
import { RelayPort } from './relay-port.ts';
import type { ReserveResult } from './reservation.ts';
import type { HoldRequest, HoldResult, SettleResult } from './types.ts';

/** Operations with the writer at a time: the batch that it commits, and the next. The rest waits here, where each asker has its turn. */
const AT_WRITER_MAX = 2 * LIMITS.batchMax;
/** Operations that one asker passes on before it is the next one's turn. */
const TURN_OPS = 64;

const FULL: Fault = { code: 'LEDGER_UNAVAILABLE', message: 'Too much is waiting for the ledger.', facts: {} };
const NOT_GIVEN = 'it was never sent: its permit was not given out';
const ENDED = 'the worker that served it ended before the call was settled';
const ENDED_FREEZING = 'overrun: the worker that saw it ended before the books had it';

/** A process that was joined to the writer, as whoever hears it sees it. */
export type Joined = {
  /** What it asks, in the order in which it asked. */
  take(message: WriterMessage): void;
  /** It has seen a source overrun: until it says that the books have that, nobody is given a hold on it. */
  suspend(sourceId: string, isSuspended: boolean): void;
  /** No further attempt of this call, which has an idempotency key, will be made. */
  over(callId: string): void;
  /** Nothing will come from it any more. What it asked before is done first; then its open holds are burned. */
  gone(): void;
};

/** `behind`: it was passed on before something that was in no hurry; `isAgain`: for the second time. */
type Asked = { readonly line: AskerLine; readonly queued: QueuedOp; readonly behind: boolean; readonly isAgain: boolean };
type Answers = Map<AskerLine, OpAnswer[]>;

/**
 * Joins several processes to the one writer, so that one commit serves them all. It knows which holds each was given, and ends them where
 * their process does not live to do so; and it gives out no hold on a source that one of them has seen overrun.
 */
export class WriterHub {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #own: { readonly line: AskerLine; readonly port: RelayPort };
  readonly #orphans: Orphans;
  readonly #keyed = new KeyedCalls();
  readonly #lines = new Set<AskerLine>();
  readonly #atWriter = new Map<number, Asked>();
  /** Holds that only others were in the way of, to be passed on once more: with the next message, or after a pause. */
  #again: Asked[] = [];
  #busy: Asked[] = [];
  #soon: NodeJS.Timeout | null = null;
  #suspended: ReadonlySet<string> = new Set();
  #writer: WriterPort | null = null;
  #grantMs: () => number = () => 0;
  #onSettled: () => void = () => {};
  #nextId = 1;
  #waiting = 0;
  #isScheduled = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#own = this.#port('primary');
    this.#orphans = new Orphans(new Channel(this.#port('orphans').port, clock), clock, log);
  }

  /** Puts the hub before the writer. @param grantMs see `ChannelOptions`: for all that is asked here. @returns the way there for this process itself; when that is closed, so is the writer. */
  over(writer: WriterPort, grantMs: () => number = () => this.#clock.wallMs()): WriterPort {
    this.#writer = writer;
    this.#grantMs = grantMs;
    writer.on('message', (reply) => this.#receive(reply));
    writer.on('error', () => this.#end());
    writer.on('exit', () => this.#end());
    return this.#own.port;
  }

  /** @param settled called when a receipt was committed, whoever asked for it. */
  onSettled(settled: () => void): void {
    this.#onSettled = settled;
  }

  /** @param name of the process, for the log. */
  join(name: string, asker: Asker): Joined {
    const line = new AskerLine(name, asker);
    this.#lines.add(line);
    return {
      take: (message) => this.#take(line, message),
      suspend: (sourceId, isSuspended) => this.#suspend(line, sourceId, isSuspended),
      over: (callId) => this.#keyed.over(callId),
      gone: () => this.#gone(line),
    };
  }

  /** One more way to the writer, for this process. */
  #port(name: string): { readonly line: AskerLine; readonly port: RelayPort } {
    const port: RelayPort = new RelayPort((message) => this.#take(line, message));
    const line = new AskerLine(name, { reply: (reply) => port.reply(reply), created: () => {}, ended: () => port.end() });
    this.#lines.add(line);
    return { line, port };
  }

  #take(line: AskerLine, message: WriterMessage): void {
    if ('close' in message) {
      line.isClosing = true;
      this.#hurry();
    } else line.answer(message.ops.flatMap((queued) => this.#queue(line, queued)));
    this.#schedule();
  }

  /** Bounded for all together as for one: holds are refused before settlements are. */
  #queue(line: AskerLine, queued: QueuedOp): readonly OpAnswer[] {
    if (this.#waiting >= (queued.op.kind === 'hold' ? LIMITS.queueHoldsMax : LIMITS.queueMax)) return [{ id: queued.id, fault: FULL }];
    line.waiting += 1;
    this.#waiting += 1;
    if (queued.soon === true) {
      line.later.push(queued);
      this.#soon ??= setTimeout(() => this.#hurry(), SOON_MS);
    } else line.queue.push(queued);
    return [];
  }

  #hurry(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    for (const line of this.#lines) line.hurry();
    this.#again.push(...this.#busy.splice(0));
    this.#schedule();
  }

  #suspend(line: AskerLine, sourceId: string, isSuspended: boolean): void {
    if (isSuspended) line.suspended.add(sourceId);
    else line.suspended.delete(sourceId);
    this.#suspended = new Set([...this.#lines].flatMap(({ suspended }) => [...suspended]));
  }

  #gone(line: AskerLine): void {
    line.isGone = true;
    this.#hurry();
    this.#waiting -= line.dropHolds();
    this.#schedule();
  }

  /** What several ask in one turn of the event loop goes on as one message. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#passOn();
    });
  }

  #passOn(): void {
    const refused: Answers = new Map();
    const [holds, others]: [QueuedOp[], QueuedOp[]] = [[], []];
    const placing = new Set<string>();
    const pass = (asked: Asked) => {
      const { op } = asked.queued;
      if (op.kind === 'reserve') {
        placing.add(op.body.reservationId);
        holds.push(this.#send(asked));
      } else if (op.kind !== 'hold') (placing.has(endedBy(op)) ? holds : others).push(this.#send(asked));
      else if (asked.line.isGone || this.#suspended.has(op.body.sourceId)) this.#collect(refused, asked, frozen(op.body));
      else {
        placing.add(op.body.holdId);
        holds.push(this.#send(asked));
      }
    };
    for (const asked of this.#again.splice(0)) pass(asked);
    const behind = this.#soon !== null;
    for (let line = this.#next(); line !== undefined && this.#atWriter.size < AT_WRITER_MAX; line = this.#next()) {
      // Whoever has its turn goes behind the others.
      this.#lines.delete(line);
      this.#lines.add(line);
      const room = Math.min(TURN_OPS, AT_WRITER_MAX - this.#atWriter.size);
      for (const queued of line.queue.splice(0, room)) pass({ line, queued, behind, isAgain: false });
    }
    const [now, grantNow] = [this.#clock.wallMs(), this.#grantMs()];
    // What frees goes before what takes, whoever asked first: one process's caller may have been answered before the other's asked.
    for (const ops = [...others, ...holds]; ops.length > 0; )
      this.#writer?.postMessage({ now, grantNow, ops: ops.splice(0, LIMITS.batchMax) });
    this.#answer(refused);
  }

  #send(asked: Asked): QueuedOp {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#atWriter.set(id, asked);
    return { id, op: asked.queued.op };
  }

  #next(): AskerLine | undefined {
    for (const line of this.#lines) if (line.queue.length > 0) return line;
    return undefined;
  }

  #receive(reply: WriterReply): void {
    if (reply.kind === 'closed') this.#end();
    // The process that has the writer tells the operator.
    if (reply.kind === 'trouble') this.#own.port.reply(reply);
    if (reply.kind !== 'answers') return;
    const answers: Answers = new Map();
    for (const { id, value, fault } of reply.answers) {
      const asked = this.#atWriter.get(id);
      if (asked === undefined) continue;
      this.#atWriter.delete(id);
      if (fault === undefined && this.#asksAgain(asked, value)) continue;
      this.#collect(answers, asked, fault === undefined ? this.#told(asked, value) : undefined, fault);
    }
    this.#answer(answers);
    if (this.#next() !== undefined) this.#schedule();
  }

  /**
   * A hold goes before settlements that are in no hurry; where what they will free is in its way, they go first after all. One whose caller
   * has been answered may even be on its way here from another process still, so it is waited for a little.
   */
  #asksAgain(asked: Asked, value: unknown): boolean {
    const { kind } = asked.queued.op;
    if ((kind !== 'hold' && kind !== 'reserve') || asked.isAgain) return false;
    const placed = value as HoldResult | ReserveResult;
    if (placed.result !== 'refused' || placed.refusal.code !== 'CAP_BUSY') return false;
    this.#busy.push({ ...asked, isAgain: true });
    if (asked.behind) this.#hurry();
    else this.#soon ??= setTimeout(() => this.#hurry(), SOON_MS);
    return true;
  }

  #collect(answers: Answers, { line, queued: { id } }: Asked, value: unknown, fault?: Fault): void {
    line.waiting -= 1;
    this.#waiting -= 1;
    const answer = fault === undefined ? { id, value } : { id, fault };
    const of = answers.get(line);
    if (of === undefined) answers.set(line, [answer]);
    else of.push(answer);
  }

  #answer(answers: Answers): void {
    for (const [line, some] of answers) line.answer(some);
    for (const line of [...this.#lines]) this.#finish(line);
  }

  /** @returns what the asker is told of what the writer says. */
  #told({ line, queued: { op } }: Asked, value: unknown): unknown {
    if (op.kind === 'hold') return this.#held(line, op.body, value as HoldResult);
    if (op.kind === 'settle') {
      line.holds.delete(op.body.holdId);
      if ((value as SettleResult).result === 'settled') this.#onSettled();
    }
    return value;
  }

  #held(line: AskerLine, request: HoldRequest, result: HoldResult): HoldResult {
    if (result.result === 'existing') return this.#keyed.told(line, request, result);
    if (result.result !== 'created') return result;
    // It was with the writer already when its source was seen to overrun, or its process ended: nobody gets it.
    if (line.isGone || this.#suspended.has(request.sourceId)) {
      this.#orphans.giveBack(request.holdId, NOT_GIVEN);
      return frozen(request);
    }
    line.holds.add(request.holdId);
    this.#keyed.placed(line, request);
    line.asker.created(result.permit);
    return result;
  }

  /** Where all that it asked is answered: what was to be done then. */
  #finish(line: AskerLine): void {
    if (line.waiting > 0) return;
    if (line.isGone) this.#bury(line);
    else if (line.isClosing && line !== this.#own.line) {
      line.isClosing = false;
      line.asker.reply({ kind: 'closed' });
    } else if (line.isClosing && this.#waiting === 0) {
      line.isClosing = false;
      this.#writer?.postMessage({ close: true });
    }
  }

  /** Until the books have what it had seen, its sources stay suspended. */
  #bury(line: AskerLine): void {
    this.#lines.delete(line);
    this.#keyed.gone(line);
    const holds = [...line.holds];
    line.holds.clear();
    if (holds.length > 0) {
      this.#log.error({ worker: line.name, holds: holds.length }, 'a worker ended with calls open: they are burned');
      void this.#orphans.burn(holds, ENDED).then((left) => {
        if (left > 0) this.#log.error({ worker: line.name, holds: left }, 'not all could be burned; the next start does');
      });
    }
    if (line.suspended.size === 0) return;
    const keeper = new AskerLine(line.name, line.asker);
    this.#lines.add(keeper);
    for (const source of line.suspended) {
      this.#suspend(keeper, source, true);
      void this.#orphans.freeze(source, ENDED_FREEZING).then((isFrozen) => {
        if (!isFrozen) return;
        this.#suspend(keeper, source, false);
        if (keeper.suspended.size === 0) this.#lines.delete(keeper);
      });
    }
  }

  #end(): void {
    for (const { asker } of this.#lines) asker.ended();
  }
}

/** The hold, or the reservation, that an operation ends; ''. */
function endedBy(op: Op): string {
  if (op.kind === 'settle') return op.body.holdId;
  return op.kind === 'endReservation' ? op.body.reservationId : '';
}

function frozen({ sourceId }: HoldRequest): HoldResult {
  const refusal = { code: 'ACCOUNT_NOT_ACTIVE', accountId: sourceId, kind: 'source', state: 'frozen', reason: 'overrun' } as const;
  return { result: 'refused', refusal };
}
