import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import { countedBy, type MetricsJson, sumOf } from '#ground/metrics';
import type { WorkersView } from '../front.ts';
import type { Question, WorkerStart } from './messages.ts';
import { RestartPause } from './restart-pause.ts';
import { type WorkerDeps, WorkerProcess } from './worker-process.ts';

/** For a change, or a question. A worker whose event loop is held up for this long serves nobody. */
const ANSWER_WITHIN_MS = 10_000;

type Slot = { readonly number: number; readonly pause: RestartPause; worker: WorkerProcess | null; isUp: boolean; startedAt: number };

export type PoolOptions = {
  readonly workers: number;
  readonly clock: Clock;
  readonly log: Log;
  /** As things are now: a worker that starts later starts with what has changed since. */
  readonly start: () => WorkerStart;
  /** Somebody may take a connection. */
  readonly free: () => void;
};

/** The workers: as many as are wanted, each started again where it ends. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  #deps: WorkerDeps | null = null;
  /** What those counted that have ended. */
  #ended: Promise<MetricsJson> = Promise.resolve([]);
  #restarts = 0;
  #hasStarted = false;
  #isClosing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const numbers = Array.from({ length: options.workers }, (_, index) => index + 1);
    this.#slots = numbers.map((number) => ({ number, pause: new RestartPause(), worker: null, isUp: false, startedAt: 0 }));
  }

  /** @throws what keeps the first of them that fails from serving; none is left then. */
  async start(deps: WorkerDeps): Promise<void> {
    this.#deps = deps;
    try {
      await Promise.all(this.#slots.map((slot) => this.#spawn(slot, deps)));
      this.#hasStarted = true;
    } catch (cause) {
      await this.end();
      throw cause;
    }
  }

  *[Symbol.iterator](): Iterator<WorkerProcess> {
    for (const { worker } of this.#slots) if (worker !== null) yield worker;
  }

  view(): WorkersView {
    return { of: this.#slots.length, up: this.#slots.filter(({ isUp }) => isUp).length, restarts: this.#restarts };
  }

  /** Asks each that runs. One that does not answer in time is ended, so that what is done when this resolves holds for all. */
  async ask(question: Question, withinMs = ANSWER_WITHIN_MS): Promise<void> {
    await Promise.all([...this].map((worker) => worker.ask(question, withinMs)));
  }

  /** What they have counted, each since it was started, and those before them. */
  async counted(): Promise<readonly MetricsJson[]> {
    await this.ask({ kind: 'metrics' });
    return [await this.#ended, ...[...this].map(({ counted }) => counted)];
  }

  /** No new calls, `graceMs` for those that run; resolves when each is settled, and no worker is started any more. */
  async drain(graceMs: number): Promise<void> {
    this.#isClosing = true;
    await this.ask({ kind: 'drain', graceMs }, graceMs + ANSWER_WITHIN_MS);
  }

  async end(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this].map((worker) => worker.end()));
  }

  async #spawn(slot: Slot, deps: WorkerDeps): Promise<void> {
    const { clock, start, free } = this.#options;
    slot.startedAt = clock.monotonicMs();
    const worker = new WorkerProcess(slot.number, start(), deps, { free, gone: (gone) => this.#gone(slot, gone) });
    slot.worker = worker;
    await worker.up;
    slot.isUp = slot.worker === worker;
  }

  #gone(slot: Slot, { counted }: WorkerProcess): void {
    const { clock, log } = this.#options;
    slot.worker = null;
    slot.isUp = false;
    this.#ended = this.#ended.then((before) => sumOf([before, countedBy(counted)]).getMetricsAsJSON());
    const deps = this.#deps;
    if (!this.#hasStarted || this.#isClosing || deps === null) return;
    const pauseMs = slot.pause.next(clock.monotonicMs() - slot.startedAt);
    this.#restarts += 1;
    log.error({ worker: slot.number, deaths: slot.pause.deaths, pause_ms: pauseMs }, 'a worker has ended and is started again');
    setTimeout(() => {
      if (this.#isClosing) return;
      this.#spawn(slot, deps).catch((cause: unknown) => {
        log.error({ worker: slot.number, cause: cause instanceof Error ? cause.message : 'unknown' }, 'a worker could not be started');
      });
    }, pauseMs);
  }
}
