import { gunzipSync } from 'node:zlib';
import type { Clock } from '#ground/clock';
import { describe } from '#ground/describe';
import { writeDurable } from '#ground/files';
import { rpc } from './anvil.ts';

const LOOK_EVERY_MS = 150;
/** A long chain takes long to write: at most a fifth of the time goes into it. */
const REST_FACTOR = 4;
const DUMP_WITHIN_MS = 60_000;

/**
 * Writes the state of the chain after each block, whole and durably, so that whatever is killed at whatever moment, the file is one that can
 * be loaded. What the last moment before a kill brought may be missing, as after a short reorganisation. Where it cannot be written, that is
 * said once, and once more when it can.
 */
export class StateKeeper {
  readonly #url: string;
  readonly #file: string;
  readonly #clock: Clock;
  readonly #tell: (unwritten: string | null) => void;
  #unwritten: string | null = null;
  #written: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param tell why the state cannot be written; null where it is written again. */
  constructor(url: string, file: string, clock: Clock, tell: (unwritten: string | null) => void) {
    this.#url = url;
    this.#file = file;
    this.#clock = clock;
    this.#tell = tell;
  }

  start(): void {
    this.#wait(LOOK_EVERY_MS);
  }

  /** The last state. Never fails: what cannot be written is told. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#try();
  }

  #wait(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#look();
    }, ms);
  }

  async #look(): Promise<void> {
    const from = this.#clock.monotonicMs();
    await this.#try();
    this.#wait(Math.max(LOOK_EVERY_MS, (this.#clock.monotonicMs() - from) * REST_FACTOR));
  }

  /** A disk that is full is tried again. A chain that does not answer has ended or is busy; who holds it sees which. */
  async #try(): Promise<void> {
    let unwritten: string | null = null;
    try {
      await this.#write();
    } catch (cause) {
      unwritten = (cause as NodeJS.ErrnoException).code ?? describe(cause);
    }
    if (unwritten !== null && this.#unwritten === null) this.#tell(unwritten);
    if (unwritten === null && this.#unwritten !== null) this.#tell(null);
    this.#unwritten = unwritten;
  }

  /** Writes what is there now, if anything is new. */
  async #write(): Promise<void> {
    const head = await rpc<{ hash: string }>(this.#url, 'eth_getBlockByNumber', ['latest', false]);
    if (head.hash === this.#written) return;
    const dump = await rpc<string>(this.#url, 'anvil_dumpState', [], DUMP_WITHIN_MS);
    await writeDurable(this.#file, gunzipSync(Buffer.from(dump.slice(2), 'hex')));
    // What came while it was written is seen at the next look: the head was read first.
    this.#written = head.hash;
  }
}
