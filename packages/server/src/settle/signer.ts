import { addressOfSecretKey, type Domain, groupDigest, groupOf, groupTree, type Hex, signDigest } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Metrics } from '#ground/metrics';
import type { Ledger } from '#ledger';

/** Receipts wait at most about this long for their group's signature. */
const GROUP_MS = 50;
/** One tree; a longer backlog is signed group by group. */
const GROUP_RECEIPTS_MAX = 256;

export type SignerDeps = {
  readonly ledger: Ledger;
  /** 32 bytes; wiped by `close`. */
  readonly secretKey: Buffer;
  readonly domain: Domain;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
};

/**
 * Signs the lane, one root per commit group, off the answers' path. What is committed and not yet signed is found in
 * the books, not remembered: a crash loses nothing, the next start signs on.
 */
export class ReceiptSigner {
  readonly address: Hex;
  readonly #deps: SignerDeps;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: SignerDeps) {
    this.#deps = deps;
    this.address = addressOfSecretKey(deps.secretKey);
  }

  /** A receipt was committed. */
  notify(): void {
    if (this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, GROUP_MS);
  }

  /** Signs all that waits. Never throws: a failure is logged and tried again with the next receipt. */
  flush(): Promise<void> {
    this.#running = this.#running
      .then(() => this.#sign())
      .catch((cause: unknown) => this.#deps.log.error({ cause: String(cause) }, 'receipts could not be signed'));
    return this.#running;
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.flush();
    this.#closed = true;
    this.#deps.secretKey.fill(0);
  }

  async #sign(): Promise<void> {
    if (this.#closed) return;
    const { ledger, domain, secretKey, clock, metrics } = this.#deps;
    for (;;) {
      const lane = await ledger.lane();
      const from = lane.signedTo + 1n;
      if (from >= lane.nextSeq) return;
      const last = from + BigInt(GROUP_RECEIPTS_MAX) - 1n;
      const to = last < lane.nextSeq - 1n ? last : lane.nextSeq - 1n;
      const receipts = await ledger.receiptsOf(lane.laneId, from, to);
      const group = groupOf(groupTree(receipts));
      const signedAt = clock.wallMs();
      await ledger.addReceiptGroup({
        laneId: lane.laneId,
        seqFrom: group.seqFrom,
        seqTo: group.seqTo,
        root: group.root,
        total: group.total,
        signature: signDigest(groupDigest(group, domain), secretKey),
        signer: this.address,
        signedAt,
      });
      for (const { endedAt } of receipts) metrics.receiptLag.observe(Math.max(0, signedAt - Number(endedAt)) / 1000);
      // Room for calls between two groups of a long backlog.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
