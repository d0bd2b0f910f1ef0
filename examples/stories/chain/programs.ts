/** The programs that a story starts. All end with it, and their folders go with them. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GIVEN = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'NODE_COMPILE_CACHE'];
/** What a shell has set for its own gateway (an endpoint, a database, a key) is not for one of a story. */
export const ENV: NodeJS.ProcessEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => GIVEN.includes(name)));

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** How to end each thing that still is there. */
const ends = new Set<() => Promise<void>>();
let isEnding = false;

/** Tells a story, and ends all that it started: when it is told, where it fails, and where a signal stops it. @returns the exit code. */
export async function endingAll(tell: () => Promise<number>): Promise<number> {
  const stopped = new Promise<number>((resolve) => {
    for (const [signal, number] of Object.entries(SIGNALS)) process.on(signal, () => resolve(128 + number));
  });
  try {
    return await Promise.race([tell(), stopped]);
  } finally {
    isEnding = true;
    // What was started last stands on what was started first.
    for (const end of [...ends].reverse()) await end();
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tally-story-'));
  // What is still writing into it ends within moments.
  ends.add(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
  return folder;
}

/** Starts a program in a group of its own: Ctrl-C in a terminal is for the story alone, which ends each program once. */
export function begin(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  if (isEnding) throw new Error('The story was stopped.');
  const child = spawn(program, args, { ...options, detached: true });
  const ended = new Promise<void>((resolve) => child.once('error', () => resolve()).once('exit', () => resolve()));
  const end = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  ends.add(end);
  void ended.then(() => ends.delete(end));
  return child;
}
