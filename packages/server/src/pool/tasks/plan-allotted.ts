import { TallyError } from '@tallystick/core';
import { allot, DUST, total } from './allot.ts';
import { candidatesFor, type Ground, isMarked, type PlannedCall, tailsOf } from './plan.ts';
import type { Next } from './plan-switching.ts';
import type { PoolKey } from './ports.ts';
import { guardBand, lesser, wholeRoom } from './room.ts';
import type { Room } from './sizes.ts';
import type { TurnText } from './story.ts';
import { type Candidate, isEnough, outputFor } from './switching.ts';
import type { Allotment, Share } from './types.ts';

/** Keys of one reservation: beside them it names the task's budget. */
export const SHARES_MAX = 15;

/** Which keys carry what is left of the task's tokens. @throws NO_AVAILABLE_KEYS, which says what is there */
export function sharesFor(ground: Ground, tokens: bigint): readonly Share[] {
  const able = candidatesFor(ground).filter(({ key, size }) => isEnough(size, wholeRoom(key), ground.task.turnOutputMin));
  const givers = able.map(({ key }) => ({ id: key.id, left: key.left }));
  const shares = allot(givers, tokens, SHARES_MAX);
  if (shares !== null) return shares;
  const { provider } = ground.task;
  const there = total(givers);
  const detail =
    there >= tokens
      ? `The task asks for ${tokens} tokens, which no ${SHARES_MAX} donated keys of ${provider} have together; ${givers.length} have ${there}.`
      : `The task asks for ${tokens} tokens; ${givers.length} donated keys of ${provider} that serve ${ground.model} have ${there} left.`;
  const facts = { provider, model: ground.model, need: String(tokens), available: String(there), keys: givers.length };
  throw new TallyError('NO_AVAILABLE_KEYS', detail, facts);
}

/** What calls on a share have not taken, tokens. A call that is not settled has taken its whole hold. */
export function shareLeft(turns: readonly TurnText[], { reservationId }: Allotment, { keyId, amount }: Share): bigint {
  const taken = turns
    .filter(({ turn }) => turn.reservationId === reservationId && turn.keyId === keyId)
    .reduce((sum, { turn }) => sum + (turn.charged ?? turn.held ?? 0n), 0n);
  return amount - taken;
}

/**
 * The next call within the reservation: on the same share while it has room, then on the next one.
 * @param able all keys that serve the model, those that are left alone for a while among them.
 * @throws NO_AVAILABLE_KEYS where a share has room, and its key is out of reach: that is no budget that is used up
 */
export function nextAllotted(ground: Ground, allotment: Allotment, able: readonly PoolKey[]): Next {
  const answer = onShares(ground, allotment, candidatesFor(ground));
  if (answer !== null) return { kind: 'call', call: { ...answer, kind: 'answer', tail: null }, reason: 'share_used' };
  for (const tail of tailsOf(ground.turns)) {
    const notes = onShares(ground, allotment, candidatesFor(ground, tail));
    if (notes !== null) return { kind: 'call', call: { ...notes, kind: 'compact', tail, marked: false }, reason: 'share_used' };
  }
  if (isOutOfReach({ ...ground, keys: able }, allotment, new Set(ground.keys.map(({ id }) => id))))
    throw new TallyError('NO_AVAILABLE_KEYS', 'A key that was reserved for the task cannot be used now.', {
      provider: ground.task.provider,
    });
  return { kind: 'budget_used' };
}

/** Whether a share has room for a turn, by its own key's measure or, where that is gone, another's. */
function isOutOfReach(ground: Ground, allotment: Allotment, reached: ReadonlySet<string>): boolean {
  const { turns, task } = ground;
  const sized = candidatesFor(ground);
  return allotment.shares.some((share) => {
    if (reached.has(share.keyId)) return false;
    const left = shareLeft(turns, allotment, share);
    const { size } = sized.find(({ key }) => key.id === share.keyId) ?? sized[0] ?? {};
    if (size === undefined) return left >= DUST;
    return isEnough(size, lesser({ proved: left, counted: left }, budgetRoom(ground)), task.turnOutputMin);
  });
}

/** What the task's own budget has room for. Calls that are not settled have taken their whole holds. */
function budgetRoom({ task, turns }: Ground): Room {
  const left = turns.reduce((rest, { turn }) => rest - (turn.charged ?? turn.held ?? 0n), task.tokens);
  return { proved: left, counted: left - guardBand(task.tokens) };
}

function onShares(ground: Ground, allotment: Allotment, candidates: readonly Candidate[]) {
  const { turns, task, model } = ground;
  const current = turns.at(-1)?.turn.keyId;
  const { reservationId, shares } = allotment;
  const inOrder = [...shares.filter(({ keyId }) => keyId === current), ...shares.filter(({ keyId }) => keyId !== current)];
  for (const share of inOrder) {
    const found = candidates.find(({ key }) => key.id === share.keyId);
    if (found === undefined) continue;
    const room = lesser(shareRoom(found, shareLeft(turns, allotment, share)), budgetRoom(ground));
    if (!isEnough(found.size, room, task.turnOutputMin)) continue;
    const output = outputFor(found.size, room) ?? 0n;
    return { keyId: share.keyId, model, output, reservationId, marked: isMarked(found.key) } satisfies Partial<PlannedCall>;
  }
  return null;
}

/** Within a reservation a counted call is judged as if the rest of the share were given back first. */
function shareRoom({ key }: Candidate, left: bigint): Room {
  const counted = key.left + left - guardBand(key.limit);
  return { proved: left, counted: counted < left ? counted : left };
}
