import type { Channel } from '../../../packages/server/src/ledger/channel.ts';
import type { SettleRequest } from '../../../packages/server/src/ledger/index.ts';
import { NO_HASH, type Settlement } from '../../../packages/server/src/ledger/protocol.ts';
import type { Books } from './engine.ts';

/** What the rows of a bare loop hold: as many bytes as the ledger's own row of a hold, and of a receipt, in ids, hashes and texts. */
export const HOLD_TEXT = 'h'.repeat(700);
export const SETTLEMENT_TEXT = 's'.repeat(400);

/** A bare loop behind the ledger's own channel: the same messages cross to its thread. Nothing is checked on the way. */
export function bareBooks(channel: Channel): Books {
  return {
    hold: (body) => channel.ask({ kind: 'hold', body }),
    settle: (request) => channel.ask({ kind: 'settle', body: settlementOf(request) }),
    close: () => channel.close(),
  };
}

function settlementOf({ lines, ...request }: SettleRequest): Settlement {
  const amount = lines.reduce((sum, line) => sum + line.amount, 0n);
  return { ...request, attestationHash: NO_HASH, linesText: lines.map(({ quantity }) => String(quantity)).join(), amount };
}
