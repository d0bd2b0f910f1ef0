import { AMOUNT_MAX, TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { BookRecord, LedgerRecords, RecordsQuery, RecordWrite } from '#ledger';

/** Of writers that race, one is done with each round: so many at once do not hinder each other for good. */
const TRIES_MAX = 64;
const PAGE = 100;

/** An amount as a record has it: JSON has no whole numbers of that size, so it is a decimal string there. */
export const amount = z.codec(z.string().regex(/^(0|[1-9]\d{0,18})$/), z.bigint().min(0n).max(AMOUNT_MAX), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
});

/** A record of a store, with its value read. */
export type Stored<T> = Omit<BookRecord, 'kind' | 'body'> & { readonly value: T };

/** Records of one kind, each a value of one type. */
export class Store<T> {
  readonly kind: string;
  readonly #ledger: LedgerRecords;
  readonly #codec: z.ZodType<T>;

  /** @param codec between a value and its JSON, both ways: codecs (`amount`), no transforms. */
  constructor(ledger: LedgerRecords, kind: string, codec: z.ZodType<T>) {
    this.#ledger = ledger;
    this.kind = kind;
    this.#codec = codec;
  }

  /** @throws TallyError TAMPERED, INTERNAL (it is not a value of this store) */
  async get(id: string): Promise<Stored<T> | null> {
    const record = await this.#ledger.record(this.kind, id);
    return record === null ? null : this.#read(record);
  }

  /** @throws TallyError NOT_FOUND, and as `get` */
  async existing(id: string): Promise<Stored<T>> {
    const found = await this.get(id);
    if (found === null) throw new TallyError('NOT_FOUND', `There is no ${this.kind} ${id}.`, { kind: this.kind, id });
    return found;
  }

  /** In the order of their ids. @throws as `get` */
  async list(query: RecordsQuery): Promise<readonly Stored<T>[]> {
    return (await this.#ledger.records(this.kind, query)).map((record) => this.#read(record));
  }

  /** All of them, or all of a state, page by page: each page is of its own moment. @throws as `get` */
  async *all(state?: string): AsyncGenerator<Stored<T>, void> {
    const query = { limit: PAGE, ...(state === undefined ? {} : { state }) };
    let page = await this.list(query);
    while (page.length > 0) {
      yield* page;
      const last = page.at(-1);
      page = last === undefined || page.length < PAGE ? [] : await this.list({ ...query, after: last.id });
    }
  }

  /** @throws TallyError STATE_INVALID where there is one already */
  async create(id: string, value: T, state: string): Promise<Stored<T>> {
    const result = await this.#ledger.writeRecords([this.creating(id, value, state)]);
    if (result.result === 'conflict') {
      throw new TallyError('STATE_INVALID', `There is a ${this.kind} ${id} already.`, { kind: this.kind, id });
    }
    return { id, rev: 1n, state, value, createdAt: result.at, writtenAt: result.at };
  }

  /**
   * Replaces the value by what `change` makes of it; once more where another was quicker, so it may be called several times. What it throws
   * ends the update.
   * @param state the new state, or what tells it from the new value; absent = as it is.
   * @throws TallyError NOT_FOUND, LEDGER_UNAVAILABLE
   */
  async update(
    id: string,
    change: (value: T, before: Stored<T>) => T,
    state?: string | ((value: T, before: Stored<T>) => string),
  ): Promise<Stored<T>> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const before = await this.existing(id);
      const value = change(before.value, before);
      const next = typeof state === 'function' ? state(value, before) : (state ?? before.state);
      const result = await this.#ledger.writeRecords([this.changing(before, value, next)]);
      if (result.result === 'written') return { ...before, rev: before.rev + 1n, state: next, value, writtenAt: result.at };
    }
    throw contended();
  }

  /** A write for `writeTogether`: there must be none. */
  creating(id: string, value: T, state: string): RecordWrite {
    return { kind: this.kind, id, rev: 0n, state, body: JSON.stringify(z.encode(this.#codec, value)) };
  }

  /** A write for `writeTogether`: it must be as it was read. */
  changing({ id, rev, state }: Stored<T>, value: T, next = state): RecordWrite {
    return { ...this.creating(id, value, next), rev };
  }

  /** A write for `writeTogether`: it must be as it was read, and is gone. */
  removing({ id, rev, state }: Stored<T>): RecordWrite {
    return { kind: this.kind, id, rev, state, body: null };
  }

  #read({ kind, body, ...record }: BookRecord): Stored<T> {
    const decoded = this.#codec.safeDecode(JSON.parse(body));
    // Nothing of the body is told: it may be somebody's.
    if (!decoded.success) throw new TallyError('INTERNAL', `The ${kind} ${record.id} cannot be read by this version.`);
    return { ...record, value: decoded.data };
  }
}

/**
 * Writes records of several kinds at once, all or none.
 * @param compose reads what the writes rest on, and makes them: 1 … 16. Called again where another was quicker; what it throws ends it.
 * @returns when they were written, Unix ms.
 * @throws TallyError LEDGER_UNAVAILABLE
 */
export async function writeTogether(
  ledger: LedgerRecords,
  compose: () => readonly RecordWrite[] | Promise<readonly RecordWrite[]>,
): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const result = await ledger.writeRecords(await compose());
    if (result.result === 'written') return result.at;
  }
  throw contended();
}

function contended(): TallyError {
  return new TallyError('LEDGER_UNAVAILABLE', 'Others write the same record again and again; nothing of this was written.');
}
