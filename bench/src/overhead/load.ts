import type { ChildProcess } from 'node:child_process';

export type LoadJob = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly requests: number;
};

/** Milliseconds, exact over all requests of one phase. */
export type Latency = { readonly p50: number; readonly p95: number; readonly p99: number };

export type LoadResult = { readonly requestsPerSecond: number; readonly latency: Latency };

/** A phase that takes longer hangs. */
const PHASE_MS_MAX = 120_000;

/** Has the load generator do one phase. @throws Error on any answer but the upstream's own. */
export function runLoad(generator: ChildProcess, job: LoadJob): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      generator.off('message', onMessage);
      generator.off('exit', onExit);
    };
    const onMessage = (message: { result?: LoadResult; error?: string }) => {
      done();
      if (message.result === undefined) reject(new Error(`${job.url}: ${message.error}`));
      else resolve(message.result);
    };
    const onExit = () => {
      done();
      reject(new Error('the load generator ended'));
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`${job.url}: a phase did not end in ${PHASE_MS_MAX / 1000} s`));
    }, PHASE_MS_MAX);
    generator.on('message', onMessage as (message: unknown) => void);
    generator.on('exit', onExit);
    generator.send(job);
  });
}
