import type { Log } from '#ground/log';
import type { KeyRow, Ledger, OutboxEvent, SourceRow } from '#ledger';
import { type FollowSourceDeps, followSource } from './follow-source.ts';

/** How often the books are asked what others have changed. */
const FOLLOW_MS = 400;
const PAGE = 500;

export type FollowersDeps = FollowSourceDeps & {
  readonly ledger: Pick<Ledger, 'changes' | 'key' | 'sources' | 'auditedAccount'>;
  readonly principals: { add(key: KeyRow): void | Promise<void> };
  /** A source that another host serves: its receipts can be asked for here. */
  readonly onSource: (row: SourceRow) => void;
  readonly log: Log;
};

/**
 * Follows what other hosts change in the books, until it is stopped. All that money rests on is a predicate of the hold's own statement and needs
 * no following; this is for what a host keeps beside the books: its keys by hash, its sealed copies, its tariffs. A change that
 * fails is done again.
 */
export class Followers {
  readonly #deps: FollowersDeps;
  #after: bigint;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #isFailing = false;

  /** @param after `changesEnd`, as it was before anything else of the books was read. */
  constructor(deps: FollowersDeps, after: bigint) {
    this.#deps = deps;
    this.#after = after;
  }

  /** @param isTrusted the books are the latest: what happened to its sources while this host was down is done to its copies first. */
  async start(isTrusted: boolean): Promise<void> {
    if (isTrusted) for (const { id } of this.#deps.vault.list()) await followSource(this.#deps, id);
    this.#wait();
  }

  #wait(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#turn().then(() => this.#wait());
    }, FOLLOW_MS);
    this.#timer.unref();
  }

  /** Resolves when nothing more is followed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  async #turn(): Promise<void> {
    const { log } = this.#deps;
    try {
      await this.follow();
      if (this.#isFailing) log.info({}, 'what other hosts change is followed again');
      this.#isFailing = false;
    } catch (cause) {
      if (!this.#isFailing) log.warn({ cause: String(cause) }, 'what other hosts change cannot be followed now');
      this.#isFailing = true;
    }
  }

  /** Takes in what has changed until now. */
  async follow(): Promise<void> {
    for (;;) {
      const events = await this.#deps.ledger.changes(this.#after, PAGE);
      for (const event of events) {
        if (this.#isStopped) return;
        await this.#take(event);
        this.#after = event.seq;
      }
      if (events.length < PAGE) return;
    }
  }

  async #take({ topic, subject }: OutboxEvent): Promise<void> {
    const { ledger, principals, onSource } = this.#deps;
    if (topic === 'key.added') {
      const key = await ledger.key(subject);
      if (key !== null) await principals.add(key);
    } else if (topic === 'source.added') {
      const row = (await ledger.sources()).find(({ id }) => id === subject);
      if (row !== undefined) onSource(row);
    } else await followSource(this.#deps, subject);
  }
}
