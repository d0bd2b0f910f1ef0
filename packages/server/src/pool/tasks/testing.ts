import { type ModelFacts, smallestBound, TallyError } from '@tallystick/core';
import { systemClock } from '#ground/clock';
import { timedHex } from '#ground/ids';
import type { BookRecord, RecordsQuery, RecordWrite } from '#ledger';
import type { TaskDeps } from './deps.ts';
import type { CallEvent, CallRequest, NotReserved, PoolKey, Settled } from './ports.ts';
import { ContentSeal } from './seal.ts';
import { type Measured, measure } from './sizes.ts';
import { type Records, TaskBooks } from './task-books.ts';
import { TaskEvents } from './task-events.ts';
import type { Share, Stop, Task, TaskOrder } from './types.ts';

const fact = <T>(value: T) => ({ value, source: 'test', date: '2026-11-21', grade: 'proved' as const });

/** A model whose bytes bound its tokens. */
export function testModel(id = 'm', limits: { window?: bigint; maxOutput?: bigint } = {}): ModelFacts {
  const { window = 1_000_000n, maxOutput = 200_000n } = limits;
  return { id, endpoints: ['chat'], window: fact(window), maxOutput: fact(maxOutput), tokenizer: fact('byte_bpe' as const) };
}

export function testOrder(more: Partial<TaskOrder> = {}): TaskOrder {
  return {
    provider: 'test',
    model: 'm',
    mode: 'auto_switching',
    tokens: 500_000n,
    timeLimitMs: null,
    priority: 0,
    turnOutputMin: 16_384n,
    ...more,
  };
}

/** Records in memory, with the revisions of the real ones. */
export class MemoryRecords implements Records {
  readonly #all = new Map<string, BookRecord>();

  async record(kind: string, id: string): Promise<BookRecord | null> {
    return this.#all.get(`${kind}\n${id}`) ?? null;
  }

  async records(kind: string, { state, after = '', limit }: RecordsQuery): Promise<readonly BookRecord[]> {
    const found = [...this.#all.values()].filter(
      (one) => one.kind === kind && one.id > after && (state === undefined || one.state === state),
    );
    return found.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
  }

  async writeRecords(writes: readonly RecordWrite[]) {
    for (const { kind, id, rev } of writes) {
      const known = this.#all.get(`${kind}\n${id}`)?.rev ?? 0n;
      if (known !== rev) return { result: 'conflict' as const, kind, id, rev: known };
    }
    for (const { kind, id, rev, state, body } of writes) {
      if (body === null) this.#all.delete(`${kind}\n${id}`);
      else this.#all.set(`${kind}\n${id}`, { kind, id, rev: rev + 1n, state, body, createdAt: 1, writtenAt: 1 });
    }
    return { result: 'written' as const, at: 1 };
  }
}

/** What a provider does with one call. `dies`: the answer breaks off after its text. */
export type Played =
  | { readonly text: string; readonly tokens: bigint; readonly stop: Stop }
  | { readonly text: string; readonly dies: true };
export type Play = (request: CallRequest, number: number) => Played | Promise<Played>;

type Account = { limit: bigint; held: bigint; spent: bigint; isActive: boolean };
type Line = { readonly account: string; amount: bigint };

/** Keys, budgets, reservations and a gateway in memory: it admits, holds and settles by the rules of the real ones. */
export class PoolDouble {
  readonly accounts = new Map<string, Account>();
  readonly requests: CallRequest[] = [];
  readonly breaches: string[] = [];
  readonly records = new MemoryRecords();
  readonly reserved = new Map<string, Line[]>();
  /** By the books' own time, which never goes back. */
  readonly expired = new Set<string>();
  play: Play = () => ({ text: 'done', tokens: 100n, stop: 'end' });
  /** Thrown before a call is admitted. */
  refuse: (request: CallRequest) => TallyError | null = () => null;
  model = testModel();
  readonly #settled = new Map<string, Settled>();
  readonly #served = new Map<string, { readonly receiptId: string; readonly played: Played }>();
  readonly #keys: string[] = [];

  key(id: string, limit: bigint): this {
    this.#keys.push(id);
    this.accounts.set(id, { limit, held: 0n, spent: 0n, isActive: true });
    return this;
  }

  account(id: string): Account {
    const account = this.accounts.get(id);
    if (account === undefined) throw new Error(`no account ${id}`);
    return account;
  }

  left(id: string): bigint {
    const { limit, held, spent } = this.account(id);
    return limit - held - spent;
  }

  deps(limits: Partial<TaskDeps['limits']> = {}): TaskDeps {
    return {
      books: new TaskBooks(this.records, new ContentSeal(Buffer.alloc(32, 7))),
      calls: { call: (request) => this.#call(request) },
      keys: { active: async () => this.#active() },
      budgets: {
        open: async (task) => this.#open(task),
        left: async (id) => ({ limit: this.account(id).limit, left: this.left(id) }),
        close: async () => {},
        settled: async (receiptId) => this.#settled.get(receiptId) ?? Promise.reject(new Error('not settled')),
      },
      reservations: {
        reserve: async (taskId, id, shares) => this.#reserve(taskId, id, shares),
        end: async (id) => this.#end(id),
      },
      approval: { decide: async () => 'approved' },
      watch: {
        breached: async ({ id }) => {
          this.breaches.push(id);
        },
        audit: async () => {},
      },
      events: new TaskEvents(),
      clock: systemClock,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      limits: { runningMax: 4, flushMs: 1, waitMs: 20, waitMsMax: 100, tickMs: 10, settleMsMax: 1_000, stopMsMax: 1_000, ...limits },
      host: async () => 'here',
    };
  }

  #open({ id, tokens }: Task): void {
    if (!this.accounts.has(id)) this.accounts.set(id, { limit: tokens, held: 0n, spent: 0n, isActive: true });
  }

  #active(): readonly PoolKey[] {
    return this.#keys
      .filter((id) => this.account(id).isActive)
      .map((id) => ({
        ...{ id, provider: 'test', dialect: 'openai', countConsent: false },
        models: new Map([[this.model.id, this.model]]),
        limit: this.account(id).limit,
        left: this.left(id),
      }));
  }

  #reserve(taskId: string, id: string, shares: readonly Share[]): NotReserved | null {
    if (this.reserved.has(id)) return null;
    const sum = shares.reduce((all, { amount }) => all + amount, 0n);
    const lines: Line[] = [...shares.map(({ keyId, amount }) => ({ account: keyId, amount })), { account: taskId, amount: sum }];
    const expired = lines.find(({ account }) => this.expired.has(account));
    if (expired !== undefined) return { code: 'ACCOUNT_EXPIRED', unusable: expired.account };
    if (lines.some(({ account, amount }) => amount > this.left(account))) return { code: 'CAP_BUSY', unusable: null };
    for (const { account, amount } of lines) this.account(account).held += amount;
    this.reserved.set(id, lines);
    return null;
  }

  #end(id: string): void {
    for (const { account, amount } of this.reserved.get(id) ?? []) this.account(account).held -= amount;
    this.reserved.set(id, []);
  }

  async *#call(request: CallRequest): AsyncGenerator<CallEvent> {
    const { keyId, taskId, reservationId, idempotencyKey, ask, dialect } = request;
    const before = this.#served.get(idempotencyKey);
    if (before !== undefined) {
      yield* this.#replay(before);
      return;
    }
    const refusal = this.refuse(request);
    if (refusal !== null) throw refusal;
    if (!this.account(keyId).isActive) throw new TallyError('NO_AVAILABLE_KEYS');
    const held = boundOf(this.model, measure(dialect, ask, 0n), ask.output);
    const takes = [keyId, taskId].map((account) => this.#take(account, reservationId, held));
    const receiptId = timedHex(systemClock.wallMs());
    this.requests.push(request);
    yield { kind: 'admitted', callId: receiptId, receiptId, held };
    const played = await this.play(request, this.requests.length);
    const charged = 'dies' in played ? held : played.tokens;
    for (const give of takes) give(charged);
    this.#settled.set(receiptId, { charged });
    this.#served.set(idempotencyKey, { receiptId, played });
    yield* told(played);
  }

  async *#replay({ receiptId, played }: { readonly receiptId: string; readonly played: Played }): AsyncGenerator<CallEvent> {
    if ('dies' in played) throw new TallyError('OUTCOME_UNKNOWN', undefined, { receipt: receiptId });
    yield { kind: 'admitted', callId: receiptId, receiptId, held: null };
    yield* told(played);
  }

  /** @returns what settles it. @throws CAP_EXCEEDED */
  #take(id: string, reservationId: string | null, held: bigint): (charged: bigint) => void {
    const account = this.account(id);
    const line = reservationId === null ? undefined : this.reserved.get(reservationId)?.find((each) => each.account === id);
    if (held > (line?.amount ?? this.left(id))) throw new TallyError('CAP_EXCEEDED');
    if (line === undefined) account.held += held;
    else line.amount -= held;
    return (charged) => {
      // A reservation that has ended takes nothing back.
      const open = line !== undefined && this.reserved.get(reservationId ?? '')?.includes(line) === true;
      account.spent += charged;
      account.held -= open ? charged : held;
      if (open) line.amount += held - charged;
    };
  }
}

function boundOf(facts: ModelFacts, { endpoint, textBytes, messages, opaque }: Measured, output: bigint): bigint {
  const none = { tools: 0, choices: 1, inputs: 0, images: 0 };
  return smallestBound({ facts, endpoint, textBytes, messages, opaque, maxOutputPerChoice: output, ...none }).total;
}

function* told(played: Played): Generator<CallEvent> {
  for (const text of played.text.match(/[\s\S]{1,7}/g) ?? []) yield { kind: 'text', text };
  if ('dies' in played) throw new TallyError('UPSTREAM_ERROR');
  yield { kind: 'end', stop: played.stop, kept: null };
}
