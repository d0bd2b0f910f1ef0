import { TallyError } from '@tallystick/core';

/** Something that one request waits for and that can be cut. */
export type Job<T> = { run(): Promise<T>; abort(): void };

/**
 * One caller's request while it is served: whatever is at work for it now is cut with it, and nothing new is begun once it is cut.
 * Its jobs follow one another: a count, a call, a wait before the next attempt.
 */
export class Work {
  #current: Job<unknown> | null = null;
  #cut = false;

  /** The gateway is shutting down: what is running is cut, and nothing more is sent. */
  cut(): void {
    this.#cut = true;
    this.#current?.abort();
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** @throws SHUTTING_DOWN where the request was cut before; else what the job throws. */
  async run<T>(job: Job<T>): Promise<T> {
    if (this.#cut) throw new TallyError('SHUTTING_DOWN');
    return this.finish(job);
  }

  /** As `run`, for a job that must come to its end although the request was cut: it is begun and aborted at once. */
  async finish<T>(job: Job<T>): Promise<T> {
    this.#current = job;
    try {
      const done = job.run();
      if (this.#cut) job.abort();
      return await done;
    } finally {
      this.#current = null;
    }
  }
}
