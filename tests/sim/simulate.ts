import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../sim/main.ts', import.meta.url));
const OUTPUT_BYTES_MAX = 16_777_216;

export type Told = {
  readonly steps: number;
  readonly violation: { readonly step: number; readonly what: string; readonly trace: readonly string[] } | null;
  readonly hash: string;
  readonly counts: Readonly<Record<string, number>>;
};

/** Runs the simulation as a process of its own, whose timers and random bytes it may replace. @throws where it did not report. */
export function simulate(...args: readonly string[]): Promise<Told & { readonly code: number }> {
  const command = ['--disable-warning=ExperimentalWarning', MAIN, '--json', ...args];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, command, { maxBuffer: OUTPUT_BYTES_MAX }, (_error, stdout, stderr) => {
      if (!stdout.startsWith('{')) reject(new Error(stderr.slice(0, 2_000)));
      else resolve({ ...(JSON.parse(stdout) as Told), code: child.exitCode ?? -1 });
    });
  });
}
