import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TallyError } from '@tallystick/core';

const START_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 3000;

/** The sandbox upstream as a child process: it ends with its parent, also when that is killed. */
export type SandboxChild = { readonly url: string; readonly pid: number; stop(): Promise<void> };

export async function startSandboxChild(dataDir: string, env: NodeJS.ProcessEnv): Promise<SandboxChild> {
  const main = fileURLToPath(import.meta.resolve('@tallystick/sandbox/main'));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', main, '--port', '0', '--data', dataDir, '--exit-with-parent'],
    // A pipe as standard input is how the child notices that its parent is gone.
    { stdio: ['pipe', 'pipe', 'inherit'], env: childEnv(env) },
  );
  const ready = await firstLine(child);
  const { url } = JSON.parse(ready) as { url: string };
  return { url, pid: child.pid ?? 0, stop: () => stop(child) };
}

/** The child gets no variable of ours: none of its business, and one could be a secret. */
function childEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(['PATH', 'HOME', 'LANG', 'TZ'].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new TallyError('INTERNAL', `The sandbox did not start: ${why}.`));
    };
    const timer = setTimeout(() => fail('it said nothing in time'), START_WITHIN_MS);
    child.once('error', () => fail('it could not be run'));
    child.once('exit', (code) => fail(`it ended with ${code}`));
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.once('line', (line) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(line);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
