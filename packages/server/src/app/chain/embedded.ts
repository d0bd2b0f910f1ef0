import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Log } from '#ground/log';
import { killLeftover } from './anvil.ts';
import { EMBEDDED_CHAIN_ID, type KeeperOptions, type KeeperSays, type Running } from './keeper-lines.ts';

const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 20_000;

export type EmbeddedState = 'starting' | 'deploying' | 'ready' | 'failed' | 'stopped';

/** The embedded chain as the daemon sees it. It never keeps the gateway from serving: what goes wrong is said and shown. */
export type Embedded = {
  state(): EmbeddedState;
  /** Why it failed, or why its state cannot be written; null where neither is so. */
  failure(): string | null;
  /** null until it listens. */
  url(): string | null;
  /** Resolves when it listens, or has failed. */
  readonly listening: Promise<void>;
  stop(): Promise<void>;
};

export function startEmbedded(options: Omit<KeeperOptions, 'chainId'>, env: NodeJS.ProcessEnv, log: Log): Embedded {
  const given: KeeperOptions = { ...options, chainId: EMBEDDED_CHAIN_ID };
  const main = fileURLToPath(new URL('./keeper.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', main, JSON.stringify(given)], {
    // The pipe into it is how it notices that the daemon is gone.
    stdio: ['pipe', 'pipe', 'ignore'],
    env: Object.fromEntries(
      ['PATH', 'HOME', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
  });
  return new Watched(child, log);
}

class Watched implements Embedded {
  readonly #child: ChildProcess;
  readonly #log: Log;
  readonly listening: Promise<void>;
  #state: EmbeddedState = 'starting';
  #failure: string | null = null;
  #unwritten: string | null = null;
  #url: string | null = null;
  #anvil: Running | null = null;

  constructor(child: ChildProcess, log: Log) {
    this.#child = child;
    this.#log = log;
    // It may be gone when its end of the pipe is closed.
    child.stdin?.on('error', () => {});
    this.listening = new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#fail('it said nothing in time');
        // As at the daemon's end: it takes with it what it may still start.
        child.stdin?.end();
        resolve();
      }, START_WITHIN_MS);
      const settled = () => {
        clearTimeout(timer);
        resolve();
      };
      child.once('error', () => this.#fail('it could not be run'));
      child.once('close', (code) => {
        this.#ended(code);
        settled();
      });
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        this.#heard(JSON.parse(line) as KeeperSays);
        settled();
      });
    });
  }

  state = (): EmbeddedState => this.#state;
  failure = (): string | null => this.#failure ?? (this.#unwritten === null ? null : `its state cannot be written: ${this.#unwritten}`);
  url = (): string | null => this.#url;

  async stop(): Promise<void> {
    const child = this.#child;
    if (this.#state !== 'failed') this.#state = 'stopped';
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdin?.end();
    const timer = setTimeout(() => this.#endAll(), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }

  #heard(line: KeeperSays): void {
    if ('failed' in line) this.#fail(line.failed);
    else if ('unwritten' in line) this.#heardOfState(line.unwritten);
    else if ('deployed' in line) {
      this.#go('ready');
      this.#log.info(line.deployed, 'the contracts are on the embedded chain');
    } else {
      this.#url = line.url;
      this.#anvil = line.anvil;
      this.#go('deploying');
    }
  }

  /** What is said too late changes nothing. */
  #go(state: 'deploying' | 'ready'): void {
    if (this.#state !== 'failed' && this.#state !== 'stopped') this.#state = state;
  }

  #heardOfState(unwritten: string | null): void {
    this.#unwritten = unwritten;
    if (unwritten === null) this.#log.info({}, 'the state of the embedded chain is written again');
    else this.#log.error({ reason: unwritten }, 'the state of the embedded chain cannot be written: what it does now may be lost');
  }

  #fail(why: string): void {
    if (this.#state === 'stopped' || this.#failure !== null) return;
    this.#state = 'failed';
    this.#failure = why;
    this.#log.error({ reason: why }, 'the embedded chain failed; the gateway goes on without it');
  }

  /** A keeper that was killed could not take anvil with it; where what watches anvil did, there is nothing left to do. */
  #ended(code: number | null): void {
    if (this.#state !== 'stopped') this.#fail('its keeper ended');
    if (code !== 0) this.#endAll();
  }

  #endAll(): void {
    this.#child.kill('SIGKILL');
    if (this.#anvil !== null) killLeftover(this.#anvil.pid, this.#anvil.command);
  }
}
