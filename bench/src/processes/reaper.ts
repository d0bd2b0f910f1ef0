import { rmSync } from 'node:fs';

/**
 * Outlives the benchmark by a moment: when the benchmark is gone, however it went (also by a signal that nobody can catch), what it
 * started and its data folder go too.
 */
const folder = process.argv[2] as string;
const pids = new Set<number>();

process.on('message', ({ started, ended }: { started?: number; ended?: number }) => {
  if (started !== undefined) pids.add(started);
  if (ended !== undefined) pids.delete(ended);
});

process.on('disconnect', () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  process.exit(0);
});

// A Ctrl-C reaches the whole group, and this process must be the last.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
