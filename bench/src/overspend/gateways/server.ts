import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../house/portkey.ts';
import type { Site } from '../gateway.ts';

const START_MS_MAX = 60_000;
const TRY_MS = 100;

/** A gateway that is a program of another make: it is told its port, and asked until it answers. */
export type Program = {
  readonly file: string;
  /** The path that answers with success as soon as it serves. */
  readonly health: string;
  args(port: number): readonly string[];
  env(port: number): Readonly<Record<string, string>>;
};

export type Server = { readonly port: number; crash(): Promise<void>; stop(): Promise<void> };

export async function serve({ house }: Site, name: string, program: Program): Promise<Server> {
  const port = await freePort();
  const start = async (): Promise<ChildProcess> => {
    const child = house.launch(name, program.file, program.args(port), program.env(port));
    const deadline = performance.now() + START_MS_MAX;
    while (!(await answers(`http://127.0.0.1:${port}${program.health}`))) {
      const why = child.exitCode !== null ? 'ended at once' : performance.now() > deadline ? 'was not ready in time' : null;
      if (why !== null) throw new Error(`${name} ${why}\n${house.lastWords(name)}`);
      await sleep(TRY_MS);
    }
    return child;
  };
  let child = await start();
  return {
    port,
    crash: async () => {
      await house.kill(child);
      child = await start();
    },
    stop: () => house.stop(child),
  };
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(START_MS_MAX) }).then(
    async (response) => {
      await response.text();
      return response.ok;
    },
    () => false,
  );
}
