import type { ModelFacts } from '@tallystick/core';
import type { TurnAsk } from './dialects/dialect.ts';
import type { Share, Stop, Task, Turn } from './types.ts';

/** A donated key as a task sees it. */
export type PoolKey = {
  readonly id: string;
  /** The name under which it was donated. */
  readonly provider: string;
  readonly dialect: DialectName;
  readonly models: ReadonlyMap<string, ModelFacts>;
  /** Its giver agreed that a call may be bounded by the provider's own count of it. */
  readonly countConsent: boolean;
  readonly limit: bigint;
  /** What no hold, charge or reservation has taken, tokens. */
  readonly left: bigint;
};

export type DialectName = 'openai' | 'anthropic' | 'google';

export interface Keys {
  /** The keys of a provider that may be used at this moment. */
  active(provider: string): Promise<readonly PoolKey[]>;
}

export type CallRequest = {
  readonly dialect: DialectName;
  readonly ask: TurnAsk;
  /** Whose virtual key calls. */
  readonly taskId: string;
  readonly keyId: string;
  readonly reservationId: string | null;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
};

export type CallEvent =
  /** The hold is placed; first of all events. `held`: tokens, null where the answer is a kept one. */
  | { readonly kind: 'admitted'; readonly callId: string; readonly receiptId: string; readonly held: bigint | null }
  | { readonly kind: 'text'; readonly text: string }
  /** Last of all events. `kept`: see `Turn`. */
  | { readonly kind: 'end'; readonly stop: Stop; readonly kept: string | null };

/**
 * Calls through the gateway's own door, as any caller does. The iteration throws TallyError with the gateway's code where there is no answer or
 * its end does not come; `facts.receipt` names the receipt where there was a hold.
 */
export interface Calls {
  call(request: CallRequest): AsyncIterable<CallEvent>;
}

/** How a hold ended: tokens that it was charged. */
export type Settled = { readonly charged: bigint };

export interface Budgets {
  /** Makes the task's virtual key and its budget, if they are not there. */
  open(task: Task): Promise<void>;
  /** What no hold, charge or reservation has taken of the budget, and the guard band of a counted call, tokens. */
  left(taskId: string): Promise<{ readonly limit: bigint; readonly left: bigint }>;
  /** The virtual key is of no use any more. */
  close(taskId: string): Promise<void>;
  /** Waits until the hold of a receipt has ended. @throws the signal's reason */
  settled(receiptId: string, signal: AbortSignal): Promise<Settled>;
}

/** Why not. `unusable`: the account that is expired, stopped or gone; null where it is amounts that others were quicker to take. */
export type NotReserved = { readonly code: string; readonly unusable: string | null };

export interface Reservations {
  /** All of it, or none. @returns null = reserved. */
  reserve(taskId: string, reservationId: string, shares: readonly Share[]): Promise<NotReserved | null>;
  /** What is left of it is free again. Nothing happens where it has ended. */
  end(reservationId: string): Promise<void>;
}

export interface Approval {
  decide(task: Task): Promise<'approved' | 'waits'>;
}

/** Told of what only operators can judge. */
export interface Watch {
  /** An upstream went beyond what it was sent: the key is frozen by the ledger. */
  breached(task: Task, turn: Turn): Promise<void>;
  /** Every act on a task. */
  audit(kind: string, taskId: string, data: Readonly<Record<string, string | number | boolean>>): Promise<void>;
}
