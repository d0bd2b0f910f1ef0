import type { SqliteBooks } from '../packages/server/src/ledger/books.ts';
import type { Dice } from './dice.ts';
import type { Watch } from './watch.ts';

/** SQLite's result codes for a full disk, for a disk that fails, and for a row that breaks a rule of the schema. */
const FULL = 13;
const IO = 10;
const CONSTRAINT = 19;
/** Of all commits, how many find the disk full, how many find it broken, and how many are surprised in the middle of a hold. */
const FULL_SHARE = 1 / 150;
const IO_SHARE = 1 / 1_500;
const SURPRISE_SHARE = 1 / 100;

/**
 * A disk that is full for a moment, or that breaks: the commit fails, and nothing of it is written. Or a row that is not as the writer
 * thinks: then all of the batch is rolled back, and run again one by one.
 */
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
    else if (chance < IO_SHARE + FULL_SHARE + SURPRISE_SHARE) this.#code = CONSTRAINT;
  }

  wrap({ db, sql }: SqliteBooks): void {
    const exec = db.exec.bind(db);
    const addLine = sql.hold_line_add.run.bind(sql.hold_line_add);
    const failing = (text: string) => {
      if (text === 'COMMIT' && this.#code === FULL) this.#fail('commits on a full disk');
      if (text === 'COMMIT' && this.#code === IO) this.#fail('commits on a broken disk');
      exec(text);
    };
    const surprised = (...values: Parameters<typeof addLine>) => {
      if (this.#code === CONSTRAINT) this.#fail('batches surprised and run again');
      return addLine(...values);
    };
    Object.assign(db, { exec: failing });
    Object.assign(sql.hold_line_add, { run: surprised });
  }

  #fail(what: string): never {
    const errcode = this.#code;
    this.#code = null;
    this.#watch.count(what);
    throw Object.assign(new Error('the simulated disk'), { code: 'ERR_SQLITE_ERROR', errcode });
  }
}
