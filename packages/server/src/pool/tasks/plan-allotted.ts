import { TallyError } from '@tallystick/core';
import { allot, total } from './allot.ts';
import { candidatesFor, type Ground, isMarked, type PlannedCall, tailsOf } from './plan.ts';
import type { Next } from './plan-switching.ts';
import { guardBand, wholeRoom } from './room.ts';
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

/** The next call within the reservation: on the same share while it has room, then on the next one. */
export function nextAllotted(ground: Ground, allotment: Allotment): Next {
  const answer = onShares(ground, allotment, candidatesFor(ground));
  if (answer !== null) return { kind: 'call', call: { ...answer, kind: 'answer', tail: null }, reason: 'share_used' };
  for (const tail of tailsOf(ground.turns)) {
    const notes = onShares(ground, allotment, candidatesFor(ground, tail));
    if (notes !== null) return { kind: 'call', call: { ...notes, kind: 'compact', tail, marked: false }, reason: 'share_used' };
  }
  return { kind: 'budget_used' };
}

function onShares({ turns, task, model }: Ground, allotment: Allotment, candidates: readonly Candidate[]) {
  const current = turns.at(-1)?.turn.keyId;
  const { reservationId, shares } = allotment;
  const inOrder = [...shares.filter(({ keyId }) => keyId === current), ...shares.filter(({ keyId }) => keyId !== current)];
  for (const share of inOrder) {
    const found = candidates.find(({ key }) => key.id === share.keyId);
    if (found === undefined) continue;
    const room = shareRoom(found, shareLeft(turns, allotment, share));
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
