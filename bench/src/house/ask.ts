import type { ChildProcess } from 'node:child_process';

/** What a process of the benchmark answers to each message, in order. */
export type Reply = { readonly result?: unknown; readonly error?: string };

/** Hardly anything that is asked for takes longer: it hangs. */
const ANSWER_MS_MAX = 120_000;

/** Asks one of the benchmark's own processes, one question at a time. @throws Error with what it could not do. */
export function ask<T>(child: ChildProcess, message: object, what: string, msMax = ANSWER_MS_MAX): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const fail = (why: string) => {
      done();
      reject(new Error(`${what}: ${why}`));
    };
    const onMessage = ({ result, error }: Reply) => {
      if (error !== undefined) return fail(error);
      done();
      resolve(result as T);
    };
    const onExit = () => fail('its process ended');
    const timer = setTimeout(() => fail(`no answer in ${msMax / 1000} s`), msMax);
    child.on('message', onMessage as (message: unknown) => void);
    child.on('exit', onExit);
    child.send(message);
  });
}

/** The other side of `ask`, in the process that is asked. */
export function answerAsks(perform: (message: never) => unknown): void {
  process.on('message', (message) => {
    Promise.resolve()
      .then(() => perform(message as never))
      .then(
        (result) => process.send?.({ result } satisfies Reply),
        (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) } satisfies Reply),
      );
  });
  process.on('disconnect', () => process.exit(0));
}
