import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TallyError } from '@tallystick/core';
import type { Log } from '#ground/log';
import type { MetricsJson } from '#ground/metrics';
import { Wire } from '#ground/wire';
import type { Joined, SendPermit, WriterHub } from '#ledger';
import type { Vault } from '#vault';
import type { OtherRoutes } from '../front.ts';
import { answerPassed } from './answer-passed.ts';
import { errorOf, type FromWorker, faultOf, type Question, type ToWorker, type WorkerStart } from './messages.ts';

const MAIN = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
const WIRE_FD = 4;
const START_WITHIN_MS = 30_000;
const END_WITHIN_MS = 2_000;
/** A worker that has not taken this much is not working; nothing more is kept for it. */
const BACKLOG_BYTES_MAX = 268_435_456;

export type WorkerDeps = {
  readonly hub: WriterHub;
  readonly vault: Pick<Vault, 'open'>;
  readonly log: Log;
  readonly other: OtherRoutes;
};

export type WorkerEvents = {
  /** It may be handed a connection. */
  free(): void;
  /** It has ended, or was ended. Once, and last. */
  gone(worker: WorkerProcess): void;
};

/** One worker, as the process that has the books sees it. */
export class WorkerProcess {
  readonly number: number;
  /** Resolves when it takes connections. @throws what kept it from that. */
  readonly up: Promise<void>;
  readonly #deps: WorkerDeps;
  readonly #events: WorkerEvents;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #wire: Wire<ToWorker, FromWorker>;
  readonly #joined: Joined;
  readonly #asked = new Map<number, (metrics: MetricsJson | undefined) => void>();
  /** Requests that it has passed on. */
  readonly #answering = new Map<number, AbortController>();
  #settleUp: (failed?: TallyError) => void = () => {};
  #nextId = 1;
  #connections = 0;
  /** What it is being handed. It stays open here until the worker has it, or else could be left open for ever. */
  #handing: Socket | null = null;
  #isUp = false;
  #isGone = false;
  /** What it had counted when it was last asked. */
  #counted: MetricsJson = [];

  constructor(number: number, start: WorkerStart, deps: WorkerDeps, events: WorkerEvents) {
    this.number = number;
    this.#deps = deps;
    this.#events = events;
    this.up = this.#upWithin(START_WITHIN_MS);
    this.#child = fork(MAIN, [String(number)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'] });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.on('error', () => this.#wire.destroy());
    const stream = this.#child.stdio[WIRE_FD] as unknown as Duplex;
    this.#wire = new Wire(stream, { message: (message, bytes) => this.#take(message, bytes), closed: () => this.#gone() });
    stream.on('data', (chunk: Buffer) => this.#wire.receive(chunk));
    this.#joined = deps.hub.join(`worker ${number}`, {
      reply: (reply) => this.#post({ kind: 'ledger', reply }),
      created: (permit) => this.#open(permit),
      ended: () => this.#post({ kind: 'ledger-ended' }),
    });
    this.#post({ kind: 'start', start });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get connections(): number {
    return this.#connections;
  }

  get isFree(): boolean {
    return this.#isUp && this.#handing === null && !this.#isGone;
  }

  get counted(): MetricsJson {
    return this.#counted;
  }

  /** Hands it a connection. One at a time: a worker that is busy, or stands still, gets no further one before it has taken this. */
  hand(socket: Socket): void {
    this.#handing = socket;
    this.#connections += 1;
    // Where it fails the worker is gone, which is heard of in another way.
    this.#child.send({}, socket, { keepOpen: true }, () => {});
  }

  /** @returns when it is done, or gone. One that is not done in time stands still, and is ended: nobody can say what it would do later. */
  async ask(question: Question, withinMs: number): Promise<void> {
    if (this.#isGone) return;
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = setTimeout(() => {
      this.#deps.log.error({ worker: this.number, asked: question.kind }, 'a worker does not answer: it is ended');
      this.kill();
    }, withinMs);
    const metrics = await new Promise<MetricsJson | undefined>((resolve) => {
      this.#asked.set(id, resolve);
      this.#post({ kind: 'ask', id, question });
    });
    clearTimeout(timer);
    if (metrics !== undefined) this.#counted = metrics;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Cuts its connections and ends it. */
  async end(): Promise<void> {
    this.#post({ kind: 'end' });
    const timer = setTimeout(() => this.kill(), END_WITHIN_MS);
    if (this.#child.pid !== undefined) await this.#exited;
    clearTimeout(timer);
  }

  #upWithin(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settleUp(new TallyError('INTERNAL', 'A worker did not start in time.'));
        this.kill();
      }, ms);
      this.#settleUp = (failed) => {
        clearTimeout(timer);
        if (failed === undefined) resolve();
        else reject(failed);
      };
    });
  }

  #post(message: ToWorker, bytes?: Uint8Array): void {
    this.#wire.post(message, bytes);
    if (this.#wire.backlog > BACKLOG_BYTES_MAX) this.kill();
  }

  /** The secret goes along with the hold, which saves a way there and back: the permit is spent here, and only here. */
  #open(permit: SendPermit): void {
    const { holdId } = permit;
    try {
      this.#deps.vault.open(permit, (secret) => this.#post({ kind: 'secret', holdId }, secret));
    } catch (cause) {
      this.#post({ kind: 'no-secret', holdId, fault: faultOf(cause, 'SECRET_UNAVAILABLE') });
    }
  }

  #take(message: FromWorker, bytes: Buffer): void {
    switch (message.kind) {
      case 'up':
        this.#isUp = true;
        this.#settleUp();
        this.#events.free();
        break;
      case 'failed':
        this.#settleUp(errorOf(message.fault));
        this.kill();
        break;
      case 'done':
        this.#asked.get(message.id)?.(message.metrics);
        this.#asked.delete(message.id);
        break;
      case 'ledger':
        this.#joined.take(message.message);
        break;
      case 'suspend':
        this.#joined.suspend(message.id, message.isSuspended);
        break;
      case 'over':
        this.#joined.over(message.callId);
        break;
      case 'request':
        void this.#answer(message, bytes);
        break;
      case 'request-left':
        this.#answering.get(message.id)?.abort();
        break;
      case 'taken':
        this.#handedOver();
        this.#events.free();
        break;
      case 'left':
        this.#connections -= 1;
    }
  }

  /** @param bytes its body, gone when this returns. */
  async #answer(passed: Extract<FromWorker, { kind: 'request' }>, bytes: Buffer): Promise<void> {
    const left = new AbortController();
    this.#answering.set(passed.id, left);
    await answerPassed(this.#deps.other, passed, bytes, (message, part) => this.#post(message, part), left.signal);
    this.#answering.delete(passed.id);
  }

  /** Of two processes that have a connection one must let go of it for the other to end it. */
  #handedOver(): void {
    this.#handing?.destroy();
    this.#handing = null;
  }

  /** Its wire has ended, behind all that it said. */
  #gone(): void {
    this.#isGone = true;
    this.kill();
    this.#handedOver();
    this.#joined.gone();
    this.#settleUp(new TallyError('INTERNAL', 'A worker ended before it served.'));
    for (const resolve of this.#asked.values()) resolve(undefined);
    this.#asked.clear();
    for (const left of this.#answering.values()) left.abort();
    this.#events.gone(this);
  }
}
