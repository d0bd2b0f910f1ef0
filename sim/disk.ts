import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dice } from './dice.ts';
import { WAL_HEADER_BYTES, WalReader } from './wal.ts';

/** `kill`: the process is gone, what it wrote is there. `power`: what was not synced may be torn, garbled or lost. */
export type Crash = 'kill' | 'power';

const SECTOR_BYTES = 512;

/** A folder in memory, where there is one: what a commit costs is simulated too, so the real disk need not be waited for. */
function makeFolder(): string {
  const memory = '/dev/shm';
  return mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'tally-sim-'));
}

/**
 * The disk under the books. Files are SQLite's own; a crash leaves a copy of them as a real one would: whatever was synced is there, the
 * rest of the write-ahead log is as chance has it. (The database file itself is written by checkpoints only, whose frames are all synced
 * before and stay in the log until after, so it is taken as it is.)
 */
export class Disk {
  readonly #root = makeFolder();
  readonly #dice: Dice;
  #generation = 0;
  #wal: WalReader;
  /** Up to here the log is synced, and which log that is. */
  #durable = { salts: '', end: 0 };

  constructor(dice: Dice) {
    this.#dice = dice;
    mkdirSync(this.#folder());
    this.#wal = new WalReader(`${this.file}-wal`);
  }

  /** The database of the process that lives now. */
  get file(): string {
    return join(this.#folder(), 'ledger.db');
  }

  /** A commit has returned. @param isSynced whether its connection syncs commits. */
  committed(isSynced: boolean): void {
    if (isSynced) this.#durable = { end: this.#wal.end(), salts: this.#wal.salts };
  }

  /** @returns what it did. */
  crash(kind: Crash): string {
    const [file, wal] = [this.file, `${this.file}-wal`];
    const end = existsSync(wal) ? this.#wal.end() : 0;
    const from = this.#wal.salts === this.#durable.salts ? this.#durable.end : WAL_HEADER_BYTES;
    this.#wal.close();
    this.#generation += 1;
    mkdirSync(this.#folder());
    this.#wal = new WalReader(`${this.file}-wal`);
    this.#durable = { salts: '', end: 0 };
    copyFileSync(file, this.file);
    if (!existsSync(wal)) return kind;
    copyFileSync(wal, `${this.file}-wal`);
    return kind === 'kill' || end <= from ? kind : `power, ${this.#tear(`${this.file}-wal`, from, end)}`;
  }

  /** What is left of the process that died goes, once it has let go of it. */
  forget(): void {
    rmSync(join(this.#root, String(this.#generation - 1)), { recursive: true, force: true });
  }

  remove(): void {
    this.#wal.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** What was not synced: cut anywhere, overwritten with rubbish, or short of a sector in its middle. */
  #tear(file: string, from: number, end: number): string {
    const bytes = readFileSync(file);
    const at = this.#dice.whole(from, end);
    const how = this.#dice.pick(['cut', 'garbled', 'a sector lost', 'whole'] as const);
    if (how === 'cut') writeFileSync(file, bytes.subarray(0, at));
    else if (how === 'garbled') {
      for (let i = at; i < end; i += 1) bytes[i] = this.#dice.whole(0, 255);
      writeFileSync(file, bytes);
    } else if (how === 'a sector lost') {
      bytes.fill(0, at, Math.min(end, at + SECTOR_BYTES));
      writeFileSync(file, bytes);
    }
    return how;
  }

  #folder(): string {
    return join(this.#root, String(this.#generation));
  }
}
