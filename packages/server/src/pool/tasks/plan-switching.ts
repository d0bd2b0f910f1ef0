import { TallyError } from '@tallystick/core';
import { candidatesFor, type Ground, isMarked, type PlannedCall, tailsOf } from './plan.ts';
import type { Budgets } from './ports.ts';
import { guardBand } from './room.ts';
import type { Room } from './sizes.ts';
import { pick } from './switching.ts';

/** What comes next. `reason`: why another key than the last one makes it; null where it is the same, or the first. */
export type Next = { readonly kind: 'call'; readonly call: PlannedCall; readonly reason: string } | { readonly kind: 'budget_used' };

/** The next call of a task that chooses a key for each. @throws NO_AVAILABLE_KEYS */
export async function nextSwitching(ground: Ground, budgets: Budgets): Promise<Next> {
  const { limit, left } = await budgets.left(ground.task.id);
  const budget = { proved: left, counted: left - guardBand(limit) };
  const picked = pickFor(ground, budget);
  if (picked.kind === 'key') return called(ground, picked, { kind: 'answer', tail: null });
  if (picked.kind === 'budget_used') return picked;
  for (const tail of picked.kind === 'too_long' ? tailsOf(ground.turns) : []) {
    const notes = pickFor(ground, budget, tail);
    if (notes.kind === 'key') return called(ground, notes, { kind: 'compact', tail });
  }
  throw noRoom(ground);
}

function pickFor(ground: Ground, budget: Room, tail?: number | null) {
  const current = ground.turns.at(-1)?.turn.keyId ?? null;
  return pick({ candidates: candidatesFor(ground, tail), current, budget, turnOutputMin: ground.task.turnOutputMin });
}

type Made = Pick<PlannedCall, 'kind' | 'tail'>;

function called({ model }: Ground, { key, output }: Extract<ReturnType<typeof pick>, { kind: 'key' }>, made: Made): Next {
  const marked = made.kind === 'answer' && isMarked(key);
  return { kind: 'call', call: { ...made, keyId: key.id, model, output, reservationId: null, marked }, reason: 'limit' };
}

export function noRoom({ keys, task, model }: Ground): TallyError {
  const most = keys.reduce((best, { left }) => (left > best ? left : best), 0n);
  const detail = `No donated key of ${task.provider} has room for the next turn: ${keys.length} serve ${model}, and the fullest has ${most} tokens left.`;
  return new TallyError('NO_AVAILABLE_KEYS', detail, { provider: task.provider, model, keys: keys.length, most_left: String(most) });
}
