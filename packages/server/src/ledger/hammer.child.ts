import { writeSync } from 'node:fs';
import { holdRequest, openAccounts, settleRequest } from './conformance/engine.ts';
import { openSqliteLedger } from './open.ts';
import { testOptions } from './sqlite.engine.ts';

// Hammers the books until it is killed, and tells what was acknowledged: `held <id>` and `settled <id> <tokens>`.

const { ledger } = await openSqliteLedger(testOptions(process.argv[2] as string));
if ((await ledger.accounts()).length === 0) await openAccounts(ledger, 1_000_000n, 1_000_000n);

/** Said before anything else is done; a reader that is slow leaves the pipe full for a while. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

async function caller(number: number): Promise<void> {
  for (let call = 0; ; call += 1) {
    const request = holdRequest(10n);
    if ((await ledger.hold(request)).result !== 'created') return;
    say(`held ${request.holdId}`);
    const tokens = BigInt((call + number) % 11);
    await ledger.settle(settleRequest(request.holdId, tokens));
    say(`settled ${request.holdId} ${tokens}`);
  }
}

await Promise.all(Array.from({ length: 24 }, (_, number) => caller(number)));
