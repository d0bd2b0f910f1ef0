import { TallyError } from '@tallystick/core';
import { describe } from '#ground/describe';
import type { SettleRequest } from '#ledger';
import type { GatewayDeps } from './deps.ts';
import type { Held } from './hold.ts';

/** A freeze that the books could not take is tried again for two minutes; the source stays suspended in any case. */
const FREEZE_AGAIN_MS = 1000;
const FREEZE_TRIES_MAX = 120;

/** Asked of the ledger before the answer ends, so it stands before anything else is held. */
export function freeze(deps: GatewayDeps, held: Held, reason: string): void {
  deps.sources.suspend(held.source.row.id);
  deps.metrics.overrun.inc();
  writeFreeze(deps, held.source.row.id, reason, FREEZE_TRIES_MAX);
}

function writeFreeze(deps: GatewayDeps, source: string, reason: string, tries: number): void {
  deps.ledger.setState(source, 'frozen', reason).then(
    () => deps.sources.resume(source),
    (cause: unknown) => {
      deps.log.error(
        { source, cause: describe(cause) },
        'a source that overran could not be frozen in the books; nothing is sent through it',
      );
      const isOver = tries <= 1 || (cause instanceof TallyError && cause.code === 'LEDGER_CLOSED');
      if (!isOver) setTimeout(() => writeFreeze(deps, source, reason, tries - 1), FREEZE_AGAIN_MS).unref();
    },
  );
}

/** Never throws, and never gives back what is not known: where settling fails, the hold stays open and is burned at the next start. */
export async function settleHeld(deps: GatewayDeps, held: Held, request: () => SettleRequest, isUrgent: boolean): Promise<void> {
  const source = held.source.row.id;
  let overran = false;
  try {
    const settlement = request();
    overran = settlement.tokens > held.bound.total;
    // Its own settlement freezes it; until that is written, nothing else may be held on it.
    if (overran) deps.sources.suspend(source);
    const settled = await deps.ledger.settle(settlement, isUrgent || overran ? 'now' : 'soon');
    if (overran) deps.sources.resume(source);
    if (settled.result !== 'settled') return;
    deps.onReceipt();
    if (settled.overrun === 0n) return;
    deps.metrics.overrun.inc();
    const facts = { source, receipt: settled.receiptId, overrun: String(settled.overrun) };
    deps.log.error(facts, 'a source billed beyond its limit and is frozen');
  } catch (cause) {
    deps.log.error({ hold: held.holdId, cause: describe(cause) }, 'a call could not be settled; its hold stays spent');
    // What cannot be accounted for may be an overrun: nothing more goes through this source until somebody has looked.
    const isPassing = cause instanceof TallyError && cause.status === 503;
    if (overran || !isPassing) freeze(deps, held, 'a call on it could not be settled');
  }
}
