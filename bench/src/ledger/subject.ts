import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../house/ask.ts';
import type { House } from '../house/house.ts';
import type { Ask, Opened, SubjectName } from './asks.ts';
import type { Job, Phase } from './load.ts';

const QUESTION_MS_MAX = 6 * 3_600_000;

/** What it is called, and where its books are. */
type Place = { readonly name: string; readonly folder: string };

/** One subject in its own process, with a folder of its own. */
export class Subject {
  readonly name: string;
  readonly folder: string;
  readonly #house: House;
  readonly #child: ChildProcess;
  readonly #what: SubjectName;

  private constructor(house: House, child: ChildProcess, { name, folder }: Place, what: SubjectName) {
    this.name = name;
    this.folder = folder;
    this.#house = house;
    this.#child = child;
    this.#what = what;
  }

  /** Starts the process and opens the books: new ones, but in a folder that has some. */
  static async start(house: House, engine: string, what: SubjectName, place: Partial<Place> = {}): Promise<Subject> {
    const { name = what, folder = join(house.folder, name) } = place;
    const { child } = await house.fork('ledger', [engine]);
    const subject = new Subject(house, child, { name, folder }, what);
    mkdirSync(folder, { recursive: true });
    await subject.open();
    return subject;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  open(): Promise<Opened> {
    return this.#ask({ kind: 'open', subject: this.#what, folder: this.folder });
  }

  load(job: Job): Promise<Phase> {
    return this.#ask({ kind: 'load', job });
  }

  /** @returns what does not agree in the books. */
  verify(): Promise<readonly string[]> {
    return this.#ask({ kind: 'verify' });
  }

  /** @returns how many receipts the books have. */
  receipts(): Promise<number> {
    return this.#ask({ kind: 'receipts' });
  }

  close(): Promise<null> {
    return this.#ask({ kind: 'close' });
  }

  async end(): Promise<void> {
    await this.close();
    await this.#house.stop(this.#child);
  }

  #ask<T>(message: Ask): Promise<T> {
    return ask<T>(this.#child, message, this.name, QUESTION_MS_MAX);
  }
}
