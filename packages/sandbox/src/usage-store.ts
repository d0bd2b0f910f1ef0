import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** `requests` were billed; `count_requests` only asked for a count, which is free. */
export type Counts = { requests: number; count_requests: number; input_tokens: number; output_tokens: number; total_tokens: number };
/** What was billed in one second, tokens. `at`: its beginning, Unix ms. */
export type Billed = { readonly at: number; readonly tokens: number };
export type KeyUsage = Counts & { by_model: Record<string, Counts> };

/** The name of a key in the store: its SHA-256 in hex. The key itself is never kept. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/**
 * The durable count of all that was billed, by key and model. Every `bill` is committed when it returns.
 *
 * WAL with `synchronous=NORMAL` survives the death of this process at any moment, not a loss of power: enough for a
 * count that tests compare with after `kill -9`. Two processes may hold the file at once while one takes over.
 */
export class UsageStore {
  readonly #db: DatabaseSync;
  readonly #bill: StatementSync;
  readonly #counted: StatementSync;
  readonly #read: StatementSync;
  readonly #time: StatementSync;
  readonly #times: StatementSync;

  /** @param dataDir a folder, made if absent; the file in it is `sandbox-usage.sqlite` */
  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(join(dataDir, 'sandbox-usage.sqlite'));
    this.#db.exec(`
      PRAGMA busy_timeout = 5000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS usage (
        key_hash TEXT NOT NULL,
        model TEXT NOT NULL,
        requests INTEGER NOT NULL CHECK (requests >= 0),
        input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
        output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
        PRIMARY KEY (key_hash, model)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS count_requests (
        key_hash TEXT NOT NULL,
        model TEXT NOT NULL,
        requests INTEGER NOT NULL CHECK (requests >= 0),
        PRIMARY KEY (key_hash, model)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS usage_by_second (
        key_hash TEXT NOT NULL,
        second INTEGER NOT NULL,
        tokens INTEGER NOT NULL CHECK (tokens >= 0),
        PRIMARY KEY (key_hash, second)
      ) STRICT, WITHOUT ROWID;
    `);
    this.#time = this.#db.prepare(`
      INSERT INTO usage_by_second (key_hash, second, tokens) VALUES (?, ?, ?)
      ON CONFLICT (key_hash, second) DO UPDATE SET tokens = tokens + excluded.tokens
    `);
    this.#times = this.#db.prepare(
      'SELECT second, tokens FROM usage_by_second WHERE key_hash = ? AND second >= ? AND second < ? ORDER BY second',
    );
    this.#bill = this.#db.prepare(`
      INSERT INTO usage (key_hash, model, requests, input_tokens, output_tokens) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (key_hash, model) DO UPDATE SET
        requests = requests + excluded.requests,
        input_tokens = input_tokens + excluded.input_tokens,
        output_tokens = output_tokens + excluded.output_tokens
    `);
    this.#counted = this.#db.prepare(`
      INSERT INTO count_requests (key_hash, model, requests) VALUES (?, ?, 1)
      ON CONFLICT (key_hash, model) DO UPDATE SET requests = requests + 1
    `);
    this.#read = this.#db.prepare(`
      SELECT model, SUM(requests) AS requests, SUM(counts) AS counts, SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens
      FROM (
        SELECT model, requests, 0 AS counts, input_tokens, output_tokens FROM usage WHERE key_hash = ?1
        UNION ALL SELECT model, 0, requests, 0, 0 FROM count_requests WHERE key_hash = ?1
      )
      GROUP BY model ORDER BY model
    `);
  }

  /** Adds to a key's count, durably before it returns. Counts in tokens; `requests` is 0 for a later part of one call. */
  bill(keyHash: string, model: string, input: number, output: number, requests = 1): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#bill.run(keyHash, model, requests, input, output);
      this.#time.run(keyHash, Math.floor(Date.now() / 1000), input + output);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Notes a request that was only counted: nothing is billed for it. */
  counted(keyHash: string, model: string): void {
    this.#counted.run(keyHash, model);
  }

  /** What a key was billed; zeros for a key never seen. */
  read(keyHash: string): KeyUsage {
    const usage: KeyUsage = { ...zeros(), by_model: {} };
    for (const row of this.#read.all(keyHash)) {
      const [input, output] = [Number(row.input_tokens), Number(row.output_tokens)];
      const counts: Counts = {
        requests: Number(row.requests),
        count_requests: Number(row.counts),
        input_tokens: input,
        output_tokens: output,
        total_tokens: input + output,
      };
      usage.by_model[String(row.model)] = counts;
      usage.requests += counts.requests;
      usage.count_requests += counts.count_requests;
      usage.input_tokens += input;
      usage.output_tokens += output;
      usage.total_tokens += counts.total_tokens;
    }
    return usage;
  }

  /** What a key was billed in whole seconds from `from` up to `to`, Unix ms. */
  billed(keyHash: string, from: number, to: number): readonly Billed[] {
    const rows = this.#times.all(keyHash, Math.ceil(from / 1000), Math.ceil(to / 1000));
    return rows.map((row) => ({ at: Number(row.second) * 1000, tokens: Number(row.tokens) }));
  }

  close(): void {
    this.#db.close();
  }
}

function zeros(): Counts {
  return { requests: 0, count_requests: 0, input_tokens: 0, output_tokens: 0, total_tokens: 0 };
}
