import { TallyError } from '@tallystick/core';
import type { SettleRequest } from '#ledger';
import type { GatewayDeps } from './deps.ts';
import { describe } from './describe.ts';
import type { Held } from './hold.ts';

/** Asked of the ledger before the answer ends, so it stands before anything else is held. */
export function freeze(deps: GatewayDeps, held: Held, reason: string): void {
  const source = held.source.row.id;
  deps.ledger
    .setState(source, 'frozen', reason)
    .catch((cause: unknown) => deps.log.error({ source, cause: String(cause) }, 'a source that overran could not be frozen'));
  deps.metrics.overrun.inc();
}

/** Never throws, and never gives back what is not known: where settling fails, the hold stays open and is burned at the next start. */
export async function settleHeld(deps: GatewayDeps, held: Held, request: () => SettleRequest, isUrgent: boolean): Promise<void> {
  try {
    const settlement = request();
    const settled = await deps.ledger.settle(settlement, isUrgent || settlement.tokens > held.bound.total ? 'now' : 'soon');
    if (settled.result !== 'settled') return;
    deps.onReceipt();
    if (settled.overrun === 0n) return;
    deps.metrics.overrun.inc();
    const facts = { source: held.source.row.id, receipt: settled.receiptId, overrun: String(settled.overrun) };
    deps.log.error(facts, 'a source billed beyond its limit and is frozen');
  } catch (cause) {
    deps.log.error({ hold: held.holdId, cause: describe(cause) }, 'a call could not be settled; its hold stays spent');
    // What cannot be accounted for may be an overrun: nothing more goes through this source until somebody has looked.
    if (!(cause instanceof TallyError && cause.status === 503)) freeze(deps, held, 'a call on it could not be settled');
  }
}
