import { writeSync } from 'node:fs';
import { openPostgresLedger } from '../../packages/server/src/ledger/postgres/open.ts';
import type { Ledger } from '../../packages/server/src/ledger/types.ts';
import type { FromHost, ToHost } from './host.ts';
import { Load } from './load.ts';

// A host of its own: opens the books, runs callers, tells what they were told.

let ledger: Ledger | null = null;
let load: Load | null = null;

function tell(message: FromHost): void {
  process.send?.(message);
}

/** It must be out before the process can be killed. */
function hear(what: string, holdId: string, amount: bigint): void {
  writeSync(1, `${what} ${holdId} ${amount}\n`);
}

async function obey(message: ToHost): Promise<void> {
  if ('open' in message) {
    const opened = await openPostgresLedger({ ...message.open, onTrouble: (trouble) => tell({ trouble }) });
    ledger = opened.ledger;
    tell({ opened: { burned: opened.burned, laneIndex: opened.laneIndex } });
  } else if ('load' in message && ledger !== null) load = new Load(ledger, message.load, hear);
  else if ('stop' in message && load !== null) tell({ told: await load.stop() });
  else if ('exit' in message) {
    await ledger?.close();
    process.exit();
  }
}

process.on('message', (message: ToHost) => {
  obey(message).catch((error: unknown) => tell({ failed: String(error) }));
});
// Nobody is left to obey.
process.on('disconnect', () => process.exit());
