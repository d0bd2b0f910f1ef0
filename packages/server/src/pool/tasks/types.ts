import type { ErrorCode, ErrorFacts } from '@tallystick/core';

/**
 * `proposed → approved → queued → running ⇄ waiting → done | failed | cancelled | rejected`. Cancelled and failed tasks may be resumed while
 * their budget lasts.
 */
export const TASK_STATES = ['proposed', 'approved', 'queued', 'running', 'waiting', 'done', 'failed', 'cancelled', 'rejected'] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** `pre_allocated`: all keys are reserved before the first call, or none. `auto_switching`: a key is chosen for each call. */
export const TASK_MODES = ['pre_allocated', 'auto_switching'] as const;
export type TaskMode = (typeof TASK_MODES)[number];

/** Why a model stopped: it was done, its output limit was reached, it declined, or anything else. */
export const STOPS = ['end', 'length', 'refused', 'other'] as const;
export type Stop = (typeof STOPS)[number];

/** The words of a task. */
export type TaskText = { readonly description: string; readonly system: string | null };

/** What somebody asks of the pool. */
export type TaskOrder = {
  readonly provider: string;
  readonly model: string | null;
  readonly mode: TaskMode;
  /** The budget over all keys, tokens. */
  readonly tokens: bigint;
  readonly timeLimitMs: number | null;
  /** Higher goes first. */
  readonly priority: number;
  /** Output that a turn should at least have room for before another key is preferred, tokens. */
  readonly turnOutputMin: bigint;
};

/** What one key gives to a pre-allocated task, tokens. */
export type Share = { readonly keyId: string; readonly amount: bigint };

/** The keys of a pre-allocated task, held in the books under the reservation's id, in the order in which they are used. */
export type Allotment = { readonly reservationId: string; readonly shares: readonly Share[] };

/** Why a task waits or has failed: a code of the catalogue, one sentence, and facts. */
export type Reason = { readonly code: ErrorCode; readonly message: string; readonly facts: ErrorFacts };

export type Task = TaskOrder & {
  /** UUIDv7; also the id of its virtual key and of the account that is its budget. */
  readonly id: string;
  /** `operator`, or the donor who proposed it. */
  readonly by: string;
  /** Where it runs: donated keys are sealed on one host. */
  readonly host: string;
  readonly state: TaskState;
  /** The model that answers it, once its first turn is planned. */
  readonly chosenModel: string | null;
  readonly allotment: Allotment | null;
  readonly reason: Reason | null;
  /** How the work ended: `end` = whole; `length` = the budget was used up first. */
  readonly finish: Stop | null;
  /** Time that it ran, ms: what its time limit is measured against. */
  readonly ranMs: number;
  /** Not before then, Unix ms; null = whenever there is room. */
  readonly wakeAt: number | null;
  /** Waits in a row without any progress. */
  readonly waits: number;
  readonly createdAt: number;
  readonly queuedAt: number | null;
  readonly endedAt: number | null;
};

/**
 * One call of a task. `open`: it may be running, or have been when the daemon died · `ended`: the model stopped · `cut`: its end never came,
 * and what had come stands.
 */
export type Turn = {
  readonly taskId: string;
  /** 1, 2, 3 …, at most 99,999. */
  readonly number: number;
  readonly kind: 'answer' | 'compact';
  /** Goes up where a call was refused and is made again. */
  readonly attempt: number;
  readonly state: 'open' | 'ended' | 'cut';
  readonly keyId: string;
  readonly model: string;
  /** Output limit that was sent, tokens. */
  readonly output: bigint;
  readonly reservationId: string | null;
  /** How many characters of what was written before it has in its request; null = all. Only a compaction leaves some out. */
  readonly tail: number | null;
  /** Whether the provider's own marks on what was written before go along. */
  readonly marked: boolean;
  readonly receiptId: string | null;
  /** Held for it, and charged of that once it is settled, tokens. */
  readonly held: bigint | null;
  readonly charged: bigint | null;
  readonly stop: Stop | null;
  /** What the provider wants back beside the text, in its dialect's own form; sealed at rest. */
  readonly kept: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
};

/** Another key goes on with a task. `left`: tokens of the key that it came from. */
export type Switch = {
  readonly taskId: string;
  /** The turn that the new key makes, and the attempt at it. */
  readonly turn: number;
  readonly attempt: number;
  readonly from: string;
  readonly to: string;
  /** `limit`, `share_used`, or the code of the error that the key met. */
  readonly reason: string;
  readonly left: bigint;
  readonly at: number;
};

const RUNS: ReadonlySet<TaskState> = new Set(['queued', 'running', 'waiting']);
const ENDED: ReadonlySet<TaskState> = new Set(['done', 'failed', 'cancelled', 'rejected']);

/** Whether the runner has it, or will take it. */
export function isRunnable({ state }: Pick<Task, 'state'>): boolean {
  return RUNS.has(state);
}

export function isEnded({ state }: Pick<Task, 'state'>): boolean {
  return ENDED.has(state);
}

/** Whether it runs on keys of the sandbox, which nobody pays for. */
export function isSimulated({ provider }: Pick<TaskOrder, 'provider'>): boolean {
  return provider === 'sandbox';
}

/** Whether a host is to go on with it: it was neither cancelled meanwhile nor given to another. */
export function isRunBy({ state, host }: Pick<Task, 'state' | 'host'>, by: string): boolean {
  return state === 'running' && host === by;
}
