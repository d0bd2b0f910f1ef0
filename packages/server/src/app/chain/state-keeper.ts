import { gunzipSync } from 'node:zlib';
import type { Clock } from '#ground/clock';
import { writeDurable } from '#ground/files';
import { rpc } from './anvil.ts';

const LOOK_EVERY_MS = 150;
/** A long chain takes long to write: at most a fifth of the time goes into it. */
const REST_FACTOR = 4;
const DUMP_WITHIN_MS = 60_000;

/**
 * Writes the state of the chain after each block, whole and durably, so that whatever is killed at whatever moment, the file is one that can
 * be loaded. What the last moment before a kill brought may be missing, as after a short reorganisation.
 */
export class StateKeeper {
  readonly #url: string;
  readonly #file: string;
  readonly #clock: Clock;
  #written: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(url: string, file: string, clock: Clock) {
    this.#url = url;
    this.#file = file;
    this.#clock = clock;
  }

  start(): void {
    this.#wait(LOOK_EVERY_MS);
  }

  /** Writes what is there now, if anything is new. */
  async write(): Promise<void> {
    const head = await rpc<{ hash: string }>(this.#url, 'eth_getBlockByNumber', ['latest', false]);
    if (head.hash === this.#written) return;
    const dump = await rpc<string>(this.#url, 'anvil_dumpState', [], DUMP_WITHIN_MS);
    await writeDurable(this.#file, gunzipSync(Buffer.from(dump.slice(2), 'hex')));
    // What came while it was written is seen at the next look: the head was read first.
    this.#written = head.hash;
  }

  /** The last state. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.write();
  }

  #wait(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#look();
    }, ms);
  }

  async #look(): Promise<void> {
    const from = this.#clock.monotonicMs();
    // A chain that does not answer has ended, which who holds it sees; a disk that is full is tried again.
    await this.write().catch(() => {});
    this.#wait(Math.max(LOOK_EVERY_MS, (this.#clock.monotonicMs() - from) * REST_FACTOR));
  }
}
