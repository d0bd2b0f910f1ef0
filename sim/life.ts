import type { IncomingMessage, ServerResponse } from 'node:http';
import { TallyError } from '../packages/core/src/index.ts';
import type { GatewayDeps } from '../packages/server/src/gateway/deps.ts';
import { Gateway } from '../packages/server/src/gateway/gateway.ts';
import { Principals } from '../packages/server/src/gateway/principals.ts';
import { Replays } from '../packages/server/src/gateway/replays.ts';
import { type Source, Sources, type SourcesOptions } from '../packages/server/src/gateway/sources.ts';
import { type Database, openReader, type SqlRow } from '../packages/server/src/ground/database.ts';
import type { Log } from '../packages/server/src/ground/log.ts';
import { openMetrics } from '../packages/server/src/ground/metrics.ts';
import type { SqliteBooks } from '../packages/server/src/ledger/books.ts';
import { Channel } from '../packages/server/src/ledger/channel.ts';
import { ledgerOf } from '../packages/server/src/ledger/ledger-of.ts';
import type { SqliteLedgerOptions } from '../packages/server/src/ledger/open.ts';
import { openReads } from '../packages/server/src/ledger/reads.ts';
import { sqliteReads } from '../packages/server/src/ledger/sqlite-reads.ts';
import type { KeyRow, Ledger, SourceRow } from '../packages/server/src/ledger/types.ts';
import { Tickets } from '../packages/server/src/vault/tickets.ts';
import { SOURCES } from './cast.ts';
import type { Dice } from './dice.ts';
import { SimPort } from './port.ts';
import type { Scheduler } from './scheduler.ts';
import { SimUpstream, type Stage } from './upstream.ts';
import type { Watch } from './watch.ts';

const LIMITS: GatewayDeps['limits'] = {
  bodyBytesMax: 1_000_000,
  bodiesBytesMax: 100_000_000,
  bodyTimeoutMs: 10_000,
  answerBytesMax: 2_000_000,
  callsMax: 200,
  callDeadlineMs: 60_000,
  readerStallMs: 5_000,
  retriesMax: 3,
  retryWaitMaxMs: 4_000,
  outputDefault: 1_024n,
};
const REPLAY_BYTES_MAX = 100_000;
export const KEY_HASH_KEY = Buffer.alloc(32, 3);
const PSEUDONYM_KEY = Buffer.alloc(32, 4);
const IDEMPOTENCY_KEY = Buffer.alloc(32, 5);

export type LifeOptions = {
  readonly books: SqliteBooks;
  readonly ledgerOptions: SqliteLedgerOptions;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly watch: Watch;
  readonly batch: ConstructorParameters<typeof SimPort>[3]['batch'];
  readonly aside: () => void;
  /** A place where the process may die; the world says whether it does. */
  readonly point: (name: string) => boolean;
  readonly say: (what: string) => void;
  readonly trace: (line: string) => void;
};

/** What a process that has died is still waiting for. */
const forever = () => new Promise<never>(() => {});

/** One process, from its opening of the books to its end: the product's own gateway, channel and ledger, with everything outside simulated. */
export class Life {
  readonly books: SqliteBooks;
  readonly channel: Channel;
  readonly port: SimPort;
  readonly ledger: Ledger;
  readonly reader: Database;
  readonly #options: LifeOptions;
  readonly #tickets: Tickets;
  readonly #openHold: { get(id: string): SqlRow | undefined };
  #gateway: Gateway | null = null;
  #opening = '';
  isDead = false;

  constructor(options: LifeOptions) {
    const { books, ledgerOptions, scheduler, dice, batch, aside } = options;
    this.#options = options;
    this.books = books;
    this.#tickets = new Tickets(Buffer.from(ledgerOptions.ticketKey));
    this.#tickets.acceptEpoch(books.epoch);
    this.port = new SimPort(books, scheduler, dice, { batch, aside, point: (name) => this.#point(name) });
    this.channel = new Channel(this.port, scheduler.clock);
    this.reader = openReader(ledgerOptions.file);
    const find = this.reader.prepare('SELECT state FROM holds WHERE book_id = ? AND hold_id = ?');
    this.#openHold = { get: (id) => find.get(ledgerOptions.bookId, id) as SqlRow | undefined };
    const reads = openReads(sqliteReads(ledgerOptions.file), ledgerOptions.bookId);
    // What takes a whole file at once is not simulated.
    const unused = () => Promise.reject(new Error('not in a simulation'));
    const { laneId } = ledgerOptions;
    const unread = { records: { record: unused, records: unused, recordStates: unused }, verify: unused, backup: unused, archiving: null };
    this.ledger = this.#watched(ledgerOf({ laneId, epoch: books.epoch, reads, ...unread }, this.channel));
  }

  /** Wires the gateway as the daemon does. */
  async start(): Promise<void> {
    const { scheduler, watch } = this.#options;
    const { clock } = scheduler;
    const [log, metrics] = [this.#log(), openMetrics()];
    const sources = new SimSources(await this.ledger.sources(), this.#stage());
    const replays = new Replays({
      ledger: this.ledger,
      clock,
      log,
      metrics,
      bytesMax: REPLAY_BYTES_MAX,
      readerStallMs: LIMITS.readerStallMs,
    });
    this.#gateway = new Gateway({
      ledger: this.ledger,
      vault: { open: (ticket, use) => this.#open(ticket, use) },
      principals: new Principals(KEY_HASH_KEY, PSEUDONYM_KEY, await this.ledger.keys()),
      sources,
      replays,
      clock,
      log,
      metrics,
      limits: LIMITS,
      keys: { idempotency: IDEMPOTENCY_KEY },
      onReceipt: () => watch.count('receipts'),
    });
  }

  handle(req: IncomingMessage, res: ServerResponse, path: string): void {
    this.#gateway?.handle(req, res, path);
  }

  /** As at the end of the daemon: no new calls, some time for those that run, then the books. */
  async stop(graceMs: number): Promise<void> {
    await this.#gateway?.close(graceMs);
    await this.ledger.close();
  }

  die(): void {
    this.isDead = true;
    this.port.die();
  }

  #point(name: string): boolean {
    return this.isDead || this.#options.point(name);
  }

  /** The vault, but for its cryptography: its own tickets, and a secret that names its source. */
  #open<T>(ticket: Parameters<Tickets['spend']>[0], use: (secret: Buffer) => T): T {
    if (this.#point('the vault')) throw new TallyError('SECRET_UNAVAILABLE');
    this.#tickets.spend(ticket);
    this.#opening = ticket.holdId;
    const secret = Buffer.from(`secret of ${ticket.sourceId}`);
    try {
      return use(secret);
    } finally {
      secret.fill(0);
    }
  }

  /** The ledger as the gateway sees it, with what is asked and answered told to the watch. */
  #watched(ledger: Ledger): Ledger {
    const { watch, scheduler } = this.#options;
    const refused = (sourceId: string | undefined) => (cause: unknown) => {
      if (sourceId !== undefined) watch.freezeLost(sourceId);
      throw cause;
    };
    return {
      ...ledger,
      hold: async (request) => {
        watch.asked(request.holdId, request.sourceId);
        if (this.#point('a hold is asked')) return forever();
        const result = await ledger.hold(request);
        if (this.#point('a hold is answered')) return forever();
        watch.answered(request.holdId, scheduler.now);
        watch.count(
          result.result === 'refused' ? result.refusal.code : result.result === 'existing' ? `existing ${result.state}` : 'created',
        );
        return result;
      },
      settle: async (request, when) => {
        if (this.#point('a settlement is asked')) return forever();
        const result = await ledger.settle(request, when).catch(refused(watch.sent.get(request.holdId)?.sourceId));
        return this.#point('a settlement is answered') ? forever() : result;
      },
      reserve: async (request) => {
        if (this.#point('a reservation is asked')) return forever();
        const result = await ledger.reserve(request);
        return this.#point('a reservation is answered') ? forever() : result;
      },
      endReservation: async (reservationId) => {
        if (this.#point('the end of a reservation is asked')) return forever();
        const result = await ledger.endReservation(reservationId);
        return this.#point('the end of a reservation is answered') ? forever() : result;
      },
      setState: async (accountId, state, reason, reconciledSpent) => {
        if (this.#point('a state is asked')) return forever();
        const wasFreeze = state === 'frozen' ? accountId : undefined;
        await ledger.setState(accountId, state, reason, reconciledSpent).catch(refused(wasFreeze));
      },
    };
  }

  #stage(): Stage {
    const { scheduler, dice, watch, say, trace } = this.#options;
    return {
      scheduler,
      dice,
      say,
      point: (name) => this.#point(name),
      opening: () => this.#opening,
      takes: (way) => watch.count(`upstream ${way}`),
      isRightSecret: (sourceId, secret) => secret.toString() === `secret of ${sourceId}`,
      firstByte: (sent, way) => {
        if (this.isDead) return;
        trace(`sent ${sent.holdId} to ${sent.sourceId}: ${way}, bills ${sent.bill}`);
        watch.firstByte(sent, this.#openHold.get(sent.holdId)?.['state'] as string | undefined, this.books.epoch, scheduler.now);
      },
      reports: (holdId, sourceId, tokens, isBeyond) => {
        const held = watch.shadow?.holds.get(holdId)?.request.lines.find(({ accountId }) => accountId === sourceId)?.amount ?? 0n;
        if (isBeyond || BigInt(tokens) > held) watch.overrunVisible(sourceId);
      },
    };
  }

  /** What the gateway logs as an error is one, but where the engine was made to fail. */
  #log(): Log {
    const quiet = () => {};
    const { trace, say } = this.#options;
    const error: Log['error'] = (facts, message) => {
      trace(`log: ${message} ${JSON.stringify(facts)}`);
      if (/failed inside/.test(message) && !this.isDead) say(`the gateway failed: ${JSON.stringify(facts)}`);
    };
    return { debug: quiet, info: quiet, warn: quiet, error };
  }
}

/** The gateway's own sources, but each with a simulated upstream. */
class SimSources extends Sources {
  readonly #stage: Stage;
  readonly #simulated = new Map<string, Source>();

  constructor(rows: readonly SourceRow[], stage: Stage) {
    const upstream = { connectionsMax: 1, headersMs: 1, idleMs: 1 };
    const options: SourcesOptions = { upstream, pseudonymKey: PSEUDONYM_KEY, sandboxUrl: null };
    super(rows, options);
    this.#stage = stage;
  }

  override allowed(key: Parameters<Sources['allowed']>[0]): readonly Source[] {
    return super.allowed(key).map((source) => this.#of(source));
  }

  #of(source: Source): Source {
    const known = this.#simulated.get(source.row.id);
    if (known !== undefined) return known;
    const character = SOURCES.find(({ id }) => id === source.row.id)?.character ?? 'keeps';
    const made = { ...source, upstream: new SimUpstream(this.#stage, source, character) };
    this.#simulated.set(source.row.id, made);
    return made;
  }
}

/** What the books keep of a virtual key's secret. */
export function keyHash(secret: string): string {
  return new Principals(KEY_HASH_KEY, PSEUDONYM_KEY, [] satisfies KeyRow[]).hash(secret);
}
