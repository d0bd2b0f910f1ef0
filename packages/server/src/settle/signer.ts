import { Worker } from 'node:worker_threads';
import { addressOfSecretKey, type Domain, type Hex, TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Metrics } from '#ground/metrics';
import type { BooksAt, Ledger } from '#ledger';
import { GROUP_RECEIPTS_MAX, type SignedRoot } from './next-group.ts';

/** Receipts wait at most about this long for their group's signature. */
const GROUP_MS = 80;

/** How the signing thread finds the books. `secretKey`: 32 bytes. */
export type SignerWorkerData = {
  readonly at: BooksAt;
  readonly bookId: string;
  readonly domain: Domain;
  readonly secretKey: Uint8Array;
};

/** What the signing thread answers each time that it is asked. */
export type SignerAnswer = { readonly root: SignedRoot | null } | { readonly failed: string };

export type SignerDeps = Omit<SignerWorkerData, 'secretKey'> & {
  readonly ledger: Ledger;
  /** Copied into the signing thread and zeroed here. */
  readonly secretKey: Buffer;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
};

/**
 * Signs the lane, one root per commit group, off the answers' path and in a thread of its own. What is committed and not yet signed is
 * found in the books, not remembered: a crash loses nothing, the next start signs on.
 */
export class ReceiptSigner {
  readonly address: Hex;
  readonly #deps: Omit<SignerDeps, 'secretKey'>;
  readonly #worker: Worker;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ secretKey, ...deps }: SignerDeps) {
    this.#deps = deps;
    this.address = addressOfSecretKey(secretKey);
    const workerData: SignerWorkerData = {
      at: deps.at,
      bookId: deps.bookId,
      domain: deps.domain,
      secretKey,
    };
    this.#worker = new Worker(new URL('./signer.worker.ts', import.meta.url), { workerData });
    secretKey.fill(0);
    // A thread that fails leaves receipts unsigned, not lost: `#next` reports it each time it is asked.
    this.#worker.on('error', () => {});
  }

  /** A receipt was committed. */
  notify(): void {
    if (this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, GROUP_MS);
  }

  /**
   * Signs what waits: full groups, and one that is not. Never throws: a failure is logged and tried again with the next receipt.
   * Under load there is always one more receipt by then; going on for it would sign every receipt by itself.
   */
  flush(): Promise<void> {
    return this.#queue(() => this.#sign(this.#deps.ledger.laneId));
  }

  /**
   * Signs what nobody told of: what is left in lanes whose writer is gone, and receipts of calls that the ledger itself has ended. Never
   * throws.
   */
  flushLeft(): Promise<void> {
    return this.#queue(async () => {
      const { ledger } = this.#deps;
      const ours = (await ledger.lanes()).filter(({ laneId, isAbandoned }) => isAbandoned || laneId === ledger.laneId);
      const left = ours.filter(({ signedTo, nextSeq }) => signedTo + 1n < nextSeq);
      for (const { laneId } of left) await this.#sign(laneId).catch(unlessSigned);
    });
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#running = this.#running
      .then(work)
      .catch((cause: unknown) => this.#deps.log.error({ cause: String(cause) }, 'receipts could not be signed'));
    return this.#running;
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.flush();
    this.#closed = true;
    await this.#worker.terminate();
  }

  async #sign(laneId: Hex): Promise<void> {
    if (this.#closed) return;
    const { ledger, clock, metrics } = this.#deps;
    for (;;) {
      const root = await this.#next(laneId);
      if (root === null) return;
      const { oldestEndedAt, endsMonth, ...group } = root;
      const signedAt = clock.wallMs();
      await ledger.addReceiptGroup({ ...group, signer: this.address, signedAt });
      metrics.receiptLag.observe(Math.max(0, signedAt - Number(oldestEndedAt)) / 1000);
      if (group.seqTo - group.seqFrom + 1n < BigInt(GROUP_RECEIPTS_MAX) && !endsMonth) return;
    }
  }

  #next(laneId: Hex): Promise<SignedRoot | null> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        this.#worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
        then();
      };
      const onMessage = (answer: SignerAnswer) =>
        settle(() => ('failed' in answer ? reject(new Error(answer.failed)) : resolve(answer.root)));
      const onEnd = () => settle(() => reject(new TallyError('INTERNAL', 'The signing thread has ended.')));
      this.#worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd);
      if (this.#worker.threadId === -1) onEnd();
      else this.#worker.postMessage(laneId);
    });
  }
}

/** Another host was quicker, or has taken the lane. */
function unlessSigned(error: unknown): void {
  if (!(error instanceof TallyError && error.code === 'STATE_INVALID')) throw error;
}
