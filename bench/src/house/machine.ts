import { readFileSync, statfsSync } from 'node:fs';
import { cpus } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { percentile } from './stats.ts';

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly filesystem: string;
  readonly date: string;
};

/** What Linux calls the file systems that people measure on, by the number that it gives them. */
const FILESYSTEMS: Readonly<Record<number, string>> = { 61267: 'ext4', 16914836: 'tmpfs', 1481003842: 'xfs', 2435016766: 'btrfs' };
export const MEMORY_FILESYSTEM = 'tmpfs';

export function machine(folder: string): Machine {
  const { type } = statfsSync(folder);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    filesystem: FILESYSTEMS[type] ?? `file system 0x${type.toString(16)}`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Peak resident memory of a process in MiB, or null where the system does not tell. */
export function peakMemoryMib(pid: number): number | null {
  return memoryMib(pid, 'VmHWM');
}

/** Resident memory of a process now, in MiB, or null where the system does not tell. */
export function residentMib(pid: number): number | null {
  return memoryMib(pid, 'VmRSS');
}

function memoryMib(pid: number, name: 'VmHWM' | 'VmRSS'): number | null {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/status`))?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const TICK_MS = 10;

/** Processor time that a process has used so far, all threads, in ms. Null where the system does not tell. */
export function processorMs(pid: number): number | null {
  const text = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; what follows the last one is plain.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : null;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

const ROW = 'x'.repeat(600);

/**
 * What one durable commit costs here: a single row into SQLite, WAL, `synchronous=FULL`, nothing else running.
 * The same engine, settings and disk as the books.
 */
export class CommitProbe {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT) STRICT');
  }

  /** @returns the median of `times` commits, ms. */
  measure(times: number): number {
    const add = this.#db.prepare('INSERT INTO rows (text) VALUES (?)');
    const took = Float64Array.from({ length: times }, () => {
      const startedAt = performance.now();
      add.run(ROW);
      return performance.now() - startedAt;
    });
    return percentile(took.sort(), 0.5);
  }

  close(): void {
    this.#db.close();
  }
}
