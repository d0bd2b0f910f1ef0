import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PostgresLedgerOptions } from '../../packages/server/src/ledger/postgres/open.ts';
import type { Trouble } from '../../packages/server/src/ledger/protocol.ts';
import { type LoadOptions, nothingTold, type Told } from './load.ts';

export type HostOptions = Omit<PostgresLedgerOptions, 'clock' | 'onTrouble'>;

export type ToHost = { readonly open: HostOptions } | { readonly load: LoadOptions } | { readonly stop: true } | { readonly exit: true };

export type FromHost =
  | { readonly opened: { readonly burned: number; readonly laneIndex: number } }
  | { readonly told: Told }
  | { readonly trouble: Trouble }
  | { readonly failed: string };

/** A process with a writer of its own. */
export type Host = {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly burned: number;
  readonly laneIndex: number;
  readonly troubles: readonly Trouble[];
  /** What its callers were told, whatever becomes of it. */
  readonly heard: Told;
  load(options: LoadOptions): void;
  /** Resolves when its calls have ended. */
  stopLoad(): Promise<Told>;
  /** Resolves when it has closed its ledger and ended. */
  exit(): Promise<void>;
  /** Resolves when it is gone and everything that it said was heard. */
  kill(): Promise<void>;
};

const CHILD = fileURLToPath(new URL('./host.child.ts', import.meta.url));

export async function startHost(options: HostOptions): Promise<Host> {
  const execArgv = ['--disable-warning=ExperimentalWarning'];
  const child = fork(CHILD, [], { serialization: 'advanced', execArgv, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const heard = nothingTold();
  createInterface({ input: child.stdout as Readable }).on('line', (line) => {
    const [what, holdId, amount] = line.split(' ') as ['created' | 'settled', string, string];
    heard[what].set(holdId, BigInt(amount));
  });
  const troubles: Trouble[] = [];
  child.on('message', (message: FromHost) => {
    if ('trouble' in message) troubles.push(message.trouble);
  });
  const send = (message: ToHost) => child.send(message);
  const next = <T>(pick: (message: FromHost) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const listener = (message: FromHost) => {
        const picked = pick(message);
        if (picked !== undefined) resolve(picked);
        else if ('failed' in message) reject(new Error(message.failed));
        else return;
        child.off('message', listener);
      };
      child.on('message', listener);
      child.once('exit', () => reject(new Error('the host ended')));
    });
  const opened = next((message) => ('opened' in message ? message.opened : undefined));
  send({ open: options });
  return {
    process: child,
    pid: child.pid as number,
    ...(await opened),
    troubles,
    heard,
    load: (load) => send({ load }),
    stopLoad: () => {
      const told = next((message) => ('told' in message ? message.told : undefined));
      send({ stop: true });
      return told;
    },
    exit: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      send({ exit: true });
      await once(child, 'exit');
    },
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
      heard.ended = true;
    },
  };
}
