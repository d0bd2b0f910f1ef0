import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandbox } from '@tallystick/sandbox';
import { cleanEnv, temporaryFolder } from './daemon.ts';

const MAIN = fileURLToPath(new URL('../../packages/sandbox/src/main.ts', import.meta.url));

export type Counts = { readonly requests: number; readonly total_tokens: number; readonly output_tokens: number };
export type Usage = Counts & { readonly by_model: Readonly<Record<string, Counts>> };

/** A sandbox that is nobody's child but the test's: it outlives every daemon, and its count is the truth that caps are held against. */
export type OwnSandbox = { readonly url: string; usage(apiKey: string): Promise<Usage>; close(): Promise<void> };

/** In this process: quick, and good enough where no daemon is killed under load. */
export async function ownSandbox(): Promise<OwnSandbox> {
  const dataDir = temporaryFolder();
  const sandbox: Sandbox = await startSandbox({ dataDir });
  return {
    url: sandbox.url,
    usage: (apiKey) => usage(sandbox.url, apiKey),
    close: async () => {
      await sandbox.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** In a process of its own, so that a busy test does not slow it down. */
export async function sandboxProcess(): Promise<OwnSandbox> {
  const dataDir = temporaryFolder();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--data', dataDir, '--exit-with-parent'], {
    env: cleanEnv(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await ready(child);
  return {
    url,
    usage: (apiKey) => usage(url, apiKey),
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) =>
      resolve((JSON.parse(line) as { url: string }).url),
    );
  });
}

async function usage(url: string, apiKey: string): Promise<Usage> {
  const response = await fetch(`${url}/sandbox/usage`, { headers: { authorization: `Bearer ${apiKey}` } });
  return (await response.json()) as Usage;
}
