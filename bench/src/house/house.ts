import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 20_000;
/** The benchmark's own processes, by name. */
const MAINS = {
  upstream: new URL('../processes/upstream.ts', import.meta.url),
  passthrough: new URL('../processes/passthrough.ts', import.meta.url),
  load: new URL('../processes/load.ts', import.meta.url),
  callers: new URL('../processes/callers.ts', import.meta.url),
  ledger: new URL('../ledger/process.ts', import.meta.url),
  counting: new URL('../processes/counting.ts', import.meta.url),
  reaper: new URL('../processes/reaper.ts', import.meta.url),
} as const;
const QUIET = '--disable-warning=ExperimentalWarning';

/** The environment of every process alike: no setting of the one who runs this, and what a deployment would set. */
function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(TALLY_.*|HOST|PORT|NODE_OPTIONS|NODE_ENV|ENVIRONMENT)$/.test(name));
  return { ...Object.fromEntries(own), NODE_ENV: 'production', ...more };
}

/** All processes of one benchmark and its data folder. None of them outlives it, on any way out. */
export class House {
  readonly folder = mkdtempSync(join(tmpdir(), 'tally-bench-'));
  readonly #children = new Set<ChildProcess>();
  readonly #reaper: ChildProcess;

  constructor() {
    this.#reaper = fork(fileURLToPath(MAINS.reaper), [this.folder], {
      execArgv: [QUIET],
      stdio: 'ignore',
    });
    this.#reaper.on('error', () => {});
    process.on('exit', () => this.#end());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
  }

  /** One of the benchmark's own processes. @returns it, and the port that it listens on. */
  async fork(name: Exclude<keyof typeof MAINS, 'reaper'>, args: readonly string[] = []): Promise<{ child: ChildProcess; port: number }> {
    const child = fork(fileURLToPath(MAINS[name]), args, {
      execArgv: [QUIET],
      env: environment(),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#keep(child);
    const { port } = await within<{ port: number }>(child, name, (resolve) => child.once('message', resolve as (value: unknown) => void));
    return { child, port };
  }

  /** A program as it ships. @returns it, and its first line of output. */
  async spawn(
    name: string,
    args: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<{ child: ChildProcess; line: string }> {
    const log = join(this.folder, `${name}.log`);
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      env: environment(options.env),
      stdio: ['ignore', 'pipe', openSync(log, 'a', 0o600)],
    });
    this.#keep(child);
    const output = child.stdout as NodeJS.ReadableStream;
    try {
      const line = await within<string>(child, name, (resolve) => createInterface({ input: output }).once('line', resolve));
      output.resume();
      return { child, line };
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${readFileSync(log, 'utf8').slice(-2000)}`);
    }
  }

  /** A program that is not Node's, and does not say when it is ready: who starts it asks it. All its output goes to its log. */
  launch(name: string, file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const log = openSync(join(this.folder, `${name}.log`), 'a', 0o600);
    const child = spawn(file, args, { cwd: this.folder, env: environment(env), stdio: ['ignore', log, log] });
    this.#keep(child);
    return child;
  }

  /** The last lines that a process wrote to its log. */
  lastWords(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8').slice(-2000);
  }

  /** Ends a process at once, as a power cut would, and waits until it is gone. */
  async kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  }

  /** Asks one process to end, and waits for it. */
  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }

  #keep(child: ChildProcess): void {
    this.#children.add(child);
    if (child.pid !== undefined) this.#reaper.send({ started: child.pid }, () => {});
    child.on('error', () => {});
    child.on('exit', () => {
      this.#children.delete(child);
      if (this.#reaper.connected) this.#reaper.send({ ended: child.pid }, () => {});
    });
  }

  #end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function within<T>(child: ChildProcess, name: string, ready: (resolve: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = () => fail('ended at once');
    const timer = setTimeout(() => fail('was not ready in time'), START_MS_MAX);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`${name} ${why}`));
    };
    child.once('exit', onExit);
    ready((value) => {
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(value);
    });
  });
}
