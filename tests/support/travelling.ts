import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './daemon.ts';

const CLOCK = fileURLToPath(new URL('./skewed-clock.ts', import.meta.url));
/** A little more than the daemon takes to look at its file again. */
const SEEN_MS = 25;

/** The clock of daemons that are started with its environment: time passes at once, and may be set wrong. */
export class Travelling {
  readonly #file = join(temporaryFolder(), 'clock');
  #aheadMs = 0;
  #passedMs = 0;

  constructor() {
    this.#write();
  }

  get env(): Readonly<Record<string, string>> {
    return { TALLY_TEST_CLOCK: this.#file, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${CLOCK}` };
  }

  /** What their wall clock shows, Unix ms. */
  now(): number {
    return Date.now() + this.#passedMs + this.#aheadMs;
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    this.#passedMs += Math.max(0, Math.round(ms));
    await this.#tell();
  }

  /** Their wall clock is set so far ahead of what it should show, or behind it; 0 sets it right. */
  async set(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    await this.#tell();
  }

  /** When the last of those daemons has ended. */
  dispose(): void {
    rmSync(dirname(this.#file), { recursive: true, force: true });
  }

  async #tell(): Promise<void> {
    this.#write();
    await sleep(SEEN_MS);
  }

  /** Whole, or as it was: it may be read at any moment. */
  #write(): void {
    writeFileSync(`${this.#file}.new`, `${this.#aheadMs} ${this.#passedMs}`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
