import { type Client, DatabaseError } from 'pg';
import { connectFailure, PgConnectionLost, type PgError, pgError, reasonOf } from './postgres-errors.ts';
import { pagesOf } from './postgres-pages.ts';
import { type PgResult, type PgStep, Pipeline, type PreparedStatements } from './postgres-pipeline.ts';
import type { PgParam, PgRow } from './postgres-values.ts';

/** Outside any transaction, in one, in one that has failed. */
export type TransactionState = 'idle' | 'open' | 'failed';

type Run = {
  readonly pipeline: Pipeline;
  readonly resolve: (results: readonly PgResult[]) => void;
  readonly reject: (error: Error) => void;
};

type Limits = { readonly connectTimeoutMs: number; readonly answerTimeoutMs: number | null };

const GOODBYE_MS = 500;

/** One connection. It never reconnects: what was locked, prepared or begun over it ends with it, and its owner must know. */
export class PgSession {
  /** Why it ended; null where `close` was called. Never rejects. */
  readonly ended: Promise<PgConnectionLost | null>;

  readonly #client: Client;
  readonly #prepared: PreparedStatements = new Map();
  readonly #queue: Run[] = [];
  #running: Run | null = null;
  #startedIdle = true;
  #answerTimeoutMs: number | null;
  #timer: NodeJS.Timeout | undefined;
  #isOpen = true;
  #resolveEnded: (why: PgConnectionLost | null) => void = () => {};
  #pid = 0;
  #announcedPid = 0;

  private constructor(client: Client, answerTimeoutMs: number) {
    this.#client = client;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /**
   * Use `connectPostgres`.
   * @param first sent at once; its row has the backend's `pid`.
   */
  static async open(client: Client, first: PgStep, limits: Limits): Promise<PgSession> {
    const session = new PgSession(client, limits.connectTimeoutMs);
    try {
      const connected = client.connect();
      session.#listen();
      await connected;
      const [result] = await session.pipeline([first]);
      session.#pid = Number(result?.rows[0]?.['pid']);
      session.#answerTimeoutMs = limits.answerTimeoutMs;
      return session;
    } catch (error) {
      session.cut('not opened');
      throw connectFailure(error);
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Process id of the server's backend. */
  get pid(): number {
    return this.#pid;
  }

  /** False where a pooler stands between: then another backend may answer each transaction, and no lock of the session can be relied on. */
  get isDirect(): boolean {
    return this.#pid === this.#announcedPid;
  }

  get transaction(): TransactionState {
    const status = this.#client.getTransactionStatus();
    return status === 'T' ? 'open' : status === 'E' ? 'failed' : 'idle';
  }

  /**
   * Sends all steps at once; pipelines are carried out one after another. One that began outside a transaction and fails leaves none
   * behind. An own transaction needs `BEGIN` and `COMMIT` among the steps.
   * @throws PgValueError before anything is sent; PgError where a step was refused; PgConnectionLost where the end of it is not known.
   */
  async pipeline(steps: readonly PgStep[]): Promise<readonly PgResult[]> {
    if (steps.length === 0) return [];
    const pipeline = new Pipeline(steps, this.#prepared, (problem) => this.cut(problem));
    if (!this.#isOpen) throw new PgConnectionLost('the session has ended', false);
    return new Promise((resolve, reject) => {
      this.#queue.push({ pipeline, resolve, reject });
      this.#next();
    });
  }

  async query(text: string, values: readonly PgParam[] = []): Promise<PgResult> {
    return (await this.pipeline([{ text, values }]))[0] as PgResult;
  }

  /** Rows page by page, through a cursor of the transaction that is open now. @throws Error where none is. */
  pages(text: string, values: readonly PgParam[], pageRows: number): AsyncGenerator<readonly PgRow[], void, undefined> {
    return pagesOf(this, text, values, pageRows);
  }

  /** Says goodbye to the server. What is under way or waits is lost; `ended` tells null. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#end('closed', null);
    const timer = setTimeout(() => this.#client.connection.stream.destroy(), GOODBYE_MS);
    await this.#client.end();
    clearTimeout(timer);
  }

  /** Ends the connection without a word to the server, which may still carry out what it has received. */
  cut(reason: string, sqlstate: string | null = null): void {
    if (!this.#isOpen) return;
    this.#end(reason, new PgConnectionLost(reason, this.#running?.pipeline.sent ?? false, sqlstate));
    this.#client.connection.stream.destroy();
  }

  /** pg's client listens from `connect` on; what it makes of a message is done when it comes here. */
  #listen(): void {
    const { connection } = this.#client;
    this.#client.on('error', (error) => this.cut(reasonOf(error), sqlstateOf(error) ?? this.#running?.pipeline.refusal?.code ?? null));
    this.#client.on('end', () => this.cut('Connection terminated'));
    this.#client.on('notice', ({ routine }) => {
      // The commit gave up its wait for a standby (an operator cancelled it), and the server is about to call that a success.
      if (routine === 'SyncRepWaitForLSN') this.cut('a commit was not confirmed by its standby');
    });
    connection.on('backendKeyData', ({ processID }: { processID: number }) => {
      this.#announcedPid = processID;
    });
    connection.on('parseComplete', () => this.#running?.pipeline.handleParseComplete());
    connection.on('readyForQuery', () => this.#onReady());
  }

  #next(): void {
    const run = this.#queue[0];
    if (!this.#isOpen || this.#running !== null || run === undefined) return;
    this.#queue.shift();
    this.#running = run;
    this.#startedIdle = this.transaction === 'idle';
    if (this.#answerTimeoutMs !== null) this.#timer = setTimeout(() => this.cut('no answer in time'), this.#answerTimeoutMs);
    this.#client.query(run.pipeline);
    if (!run.pipeline.sent) this.cut('Connection terminated');
  }

  #onReady(): void {
    const run = this.#running;
    if (run === null || !this.#isOpen) return;
    const { refusal, results, isComplete } = run.pipeline;
    if (refusal === null && !isComplete) {
      this.cut('fewer answers than questions');
      return;
    }
    clearTimeout(this.#timer);
    this.#running = null;
    if (refusal === null) run.resolve(results);
    else this.#refuse(run, pgError(refusal, results.length));
    this.#next();
  }

  #refuse({ reject }: Run, error: PgError): void {
    if (this.#startedIdle && this.transaction !== 'idle') this.#rollBack(() => reject(error));
    else reject(error);
  }

  /** Before anything that waits. Where even that is lost, the transaction is so too: what was known of it stays true. */
  #rollBack(done: () => void): void {
    const pipeline = new Pipeline([{ text: 'ROLLBACK' }], this.#prepared, (problem) => this.cut(problem));
    this.#queue.unshift({ pipeline, resolve: done, reject: done });
  }

  #end(reason: string, why: PgConnectionLost | null): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    const run = this.#running;
    this.#running = null;
    run?.reject(new PgConnectionLost(reason, run.pipeline.sent, why?.sqlstate ?? null));
    for (const { reject } of this.#queue.splice(0)) reject(new PgConnectionLost(reason, false));
    this.#resolveEnded(why);
  }
}

function sqlstateOf(error: unknown): string | null {
  return error instanceof DatabaseError ? (error.code ?? null) : null;
}
