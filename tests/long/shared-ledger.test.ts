import type { Log } from '../../packages/server/src/ground/log.ts';
import { ledgerConformance } from '../../packages/server/src/ledger/conformance.ts';
import { WriterHub } from '../../packages/server/src/ledger/hub.ts';
import { openSqliteLedger } from '../../packages/server/src/ledger/open.ts';
import { RelayPort } from '../../packages/server/src/ledger/relay-port.ts';
import { openSharedLedger } from '../../packages/server/src/ledger/shared.ts';
import { sqliteEngine } from '../../packages/server/src/ledger/sqlite.engine.ts';

const QUIET: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The books as a process sees them that shares their writer; what only the writer's process does is asked of that. */
async function sharedEngine() {
  const engine = await sqliteEngine();
  const open = async () => {
    const hub = new WriterHub(engine.clock, QUIET);
    const { ledger, ...opened } = await openSqliteLedger({ ...engine.options, hub });
    const port: RelayPort = new RelayPort((message) => joined.take(message));
    const joined = hub.join('shared', { reply: (reply) => port.reply(reply), created: () => {}, ended: () => port.end() });
    const { file, bookId, laneId } = engine.options;
    const shared = openSharedLedger(port, { at: { file }, bookId, laneId, epoch: ledger.epoch, clock: engine.clock });
    const close = async () => {
      await shared.close();
      await ledger.close();
    };
    return { ...opened, ledger: { ...shared, verify: ledger.verify, backup: ledger.backup, close } };
  };
  return { ...engine, open };
}

ledgerConformance('SQLite, its writer shared', sharedEngine);
