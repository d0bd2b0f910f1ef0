import { TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import { LIMITS } from './limits.ts';
import type { Op, OpAnswer, QueuedOp, Trouble, WriterMessage, WriterReply } from './protocol.ts';

/** What the channel needs of a `Worker`. */
export type WriterPort = {
  postMessage(message: WriterMessage): void;
  on(event: 'message', listener: (reply: WriterReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
};

/** What is in no hurry is collected for this long, and then shares one commit: nobody waits for it. */
export const SOON_MS = 4;

export type ChannelOptions = {
  /** False where the other end of the port does, for several: all is sent there at once, and what is in no hurry says so. */
  readonly collects?: boolean;
  /** Wall time less what the clock jumped forward by, Unix ms; absent = wall time as it is. */
  readonly grantMs?: (() => number) | undefined;
  readonly onTrouble?: ((trouble: Trouble) => void) | undefined;
};

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/**
 * The asking side of the writer. Everything asked in one turn of the event loop crosses as one message, and is answered by one message per batch.
 * What waits is bounded: holds are refused before settlements are, because a settlement frees what a hold would take.
 */
export class Channel {
  readonly #port: WriterPort;
  readonly #clock: Clock;
  readonly #collects: boolean;
  readonly #grantMs: () => number;
  readonly #onTrouble: (trouble: Trouble) => void;
  readonly #waiting = new Map<number, Waiting>();
  #queued: QueuedOp[] = [];
  #later: QueuedOp[] = [];
  #nextId = 1;
  #inFlight = 0;
  #flushing = false;
  #soon: NodeJS.Timeout | null = null;
  #closing = false;
  #dead = false;
  #closed: (() => void) | undefined;

  constructor(
    port: WriterPort,
    clock: Clock,
    { collects = true, onTrouble = () => {}, grantMs = () => clock.wallMs() }: ChannelOptions = {},
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#collects = collects;
    this.#onTrouble = onTrouble;
    this.#grantMs = grantMs;
    port.on('message', (reply) => this.#receive(reply));
    port.on('error', () => this.#die());
    port.on('exit', () => this.#die());
  }

  /** @throws TallyError LEDGER_CLOSED, LEDGER_UNAVAILABLE, or what the writer answers. */
  ask<T>(op: Op, when: 'now' | 'soon' = 'now'): Promise<T> {
    if (this.#closing) return Promise.reject(new TallyError('LEDGER_CLOSED'));
    if (this.#dead) return Promise.reject(new TallyError('LEDGER_UNAVAILABLE', 'The ledger has stopped; restart the gateway.'));
    const max = op.kind === 'hold' ? LIMITS.queueHoldsMax : LIMITS.queueMax;
    if (this.#waiting.size >= max) return Promise.reject(new TallyError('LEDGER_UNAVAILABLE', 'Too much is waiting for the ledger.'));
    return new Promise<T>((resolve, reject) => {
      const id = this.#nextId;
      this.#nextId += 1;
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      if (when === 'now' || !this.#collects) {
        this.#queued.push(when === 'now' ? { id, op } : { id, op, soon: true });
        this.#scheduleFlush();
      } else {
        this.#later.push({ id, op });
        this.#soon ??= setTimeout(() => this.hurry(), SOON_MS);
      }
    });
  }

  /** Whether anything in no hurry waits here, behind what is asked now. */
  get waits(): boolean {
    return this.#later.length > 0;
  }

  /** Sends what was in no hurry, before anything that is asked from now on. */
  hurry(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    if (this.#later.length === 0) return;
    this.#queued.push(...this.#later);
    this.#later = [];
    this.#scheduleFlush();
  }

  /** Waits for what was asked, then ends the writer. Idempotent. */
  close(): Promise<void> {
    if (this.#closing || this.#dead) {
      this.#closing = true;
      return Promise.resolve();
    }
    this.#closing = true;
    this.hurry();
    this.#flush();
    return new Promise((resolve) => {
      this.#closed = resolve;
      this.#port.postMessage({ close: true });
    });
  }

  /** An idle writer gets the message at the end of this turn; a busy one could not take it earlier than the next, so more is collected. */
  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    if (this.#inFlight === 0 || !this.#collects) queueMicrotask(() => this.#flush());
    else setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const [now, grantNow] = [this.#clock.wallMs(), this.#grantMs()];
    while (this.#queued.length > 0) {
      const ops = this.#queued.splice(0, LIMITS.batchMax);
      this.#inFlight += ops.length;
      this.#port.postMessage({ now, grantNow, ops });
    }
  }

  #receive(reply: WriterReply): void {
    if (reply.kind === 'answers') {
      this.#inFlight -= reply.answers.length;
      for (const answer of reply.answers) this.#answer(answer);
    } else if (reply.kind === 'trouble') this.#onTrouble(reply.trouble);
    else if (reply.kind === 'closed') this.#die();
  }

  #answer({ id, value, fault }: OpAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (fault === undefined) waiting.resolve(value);
    else waiting.reject(new TallyError(fault.code, fault.message, fault.facts));
  }

  /** The writer is gone: whether what was asked is durable is not known, so nothing may be sent on it. */
  #die(): void {
    this.#dead = true;
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    this.#queued = [];
    this.#later = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new TallyError('LEDGER_UNAVAILABLE', 'The ledger stopped before it answered.'));
    this.#closed?.();
  }
}
