import type { Database } from '../packages/server/src/ground/database.ts';
import type { Dice } from './dice.ts';
import type { Watch } from './watch.ts';

/** SQLite's result codes for a full disk and for a disk that fails. */
const FULL = 13;
const IO = 10;
/** Of all commits, how many find the disk full, and how many find it broken. */
const FULL_SHARE = 1 / 150;
const IO_SHARE = 1 / 1_500;

/** A disk that is full for a moment, or that breaks: the commit fails, and nothing of it is written. */
export class EngineFaults {
  readonly #dice: Dice;
  readonly #watch: Watch;
  #code: number | null = null;
  isCalm = false;
  /** Holds whose settlement found the disk so: they stay open, and are burned by the next opening. */
  readonly unsettled = new Set<string>();

  constructor(dice: Dice, watch: Watch) {
    this.#dice = dice;
    this.#watch = watch;
  }

  /** Draws how the next commit goes. @param isSpared it has trouble enough. */
  arm(isSpared: boolean): void {
    const chance = this.#dice.next();
    this.#code = null;
    if (this.isCalm || isSpared) return;
    if (chance < IO_SHARE) this.#code = IO;
    else if (chance < IO_SHARE + FULL_SHARE) this.#code = FULL;
  }

  wrap(db: Database): void {
    const exec = db.exec.bind(db);
    const failing = (sql: string) => {
      const code = this.#code;
      if (sql !== 'COMMIT' || code === null) return exec(sql);
      this.#code = null;
      this.#watch.count(code === FULL ? 'commits on a full disk' : 'commits on a broken disk');
      throw Object.assign(new Error('the simulated disk'), { code: 'ERR_SQLITE_ERROR', errcode: code });
    };
    Object.assign(db, { exec: failing });
  }
}
