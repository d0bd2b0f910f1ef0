import { parentPort, workerData } from 'node:worker_threads';
import { connectPostgres } from '../../../packages/server/src/ground/postgres.ts';
import { LIMITS } from '../../../packages/server/src/ledger/limits.ts';
import { CONNECT } from '../../../packages/server/src/ledger/postgres/settings.ts';
import type { OpAnswer, QueuedOp, WriterMessage, WriterReply } from '../../../packages/server/src/ledger/protocol.ts';
import { HOLD_TEXT, SETTLEMENT_TEXT } from './bare.ts';

// The least that a durable group commit of holds and settlements on PostgreSQL can be: a table without an index, two rows for each pair, one
// statement and one round trip for a batch. Client, settings, batches and messages are the ledger's.

const port = parentPort as NonNullable<typeof parentPort>;
const session = await connectPostgres(workerData as string, { ...CONNECT, applicationName: 'bare' });
await session.query('CREATE TABLE rows (no bigint, hold_no bigint, text text NOT NULL)');
const open = new Map<string, number>();
const inbox: WriterMessage[] = [];
let last = 0;
let isRunning = false;

function reply(message: WriterReply): void {
  port.postMessage(message);
}

port.on('message', (message: WriterMessage) => {
  inbox.push(message);
  if (!isRunning) void run();
});

/** As the ledger's writer: what was asked while the last commit ran is the next batch. */
async function run(): Promise<void> {
  isRunning = true;
  for (let message = inbox.shift(); message !== undefined; message = inbox.shift()) {
    if ('close' in message) return close();
    let { ops } = message;
    for (
      let next = inbox[0];
      next !== undefined && !('close' in next) && ops.length + next.ops.length <= LIMITS.batchMax;
      next = inbox[0]
    ) {
      ops = [...ops, ...next.ops];
      inbox.shift();
    }
    await commit(ops);
  }
  isRunning = false;
}

type Row = readonly [no: number, holdNo: number | null, text: string];

async function commit(ops: readonly QueuedOp[]): Promise<void> {
  const rows: Row[] = [];
  const answers = ops.map((queued) => perform(queued, rows));
  await session.pipeline([
    { text: 'BEGIN' },
    {
      name: 'add',
      text: 'INSERT INTO rows SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])',
      values: [rows.map(([no]) => no), rows.map(([, holdNo]) => holdNo), rows.map(([, , text]) => text)],
    },
    { text: 'COMMIT' },
  ]);
  reply({ kind: 'answers', answers });
}

function perform({ id, op }: QueuedOp, rows: Row[]): OpAnswer {
  last += 1;
  if (op.kind === 'hold') {
    rows.push([last, null, HOLD_TEXT]);
    open.set(op.body.holdId, last);
    return { id, value: { result: 'created' } };
  }
  if (op.kind !== 'settle') throw new Error(`a bare loop knows no ${op.kind}`);
  const holdNo = open.get(op.body.holdId);
  if (holdNo === undefined) return { id, value: { result: 'unknown' } };
  rows.push([last, holdNo, SETTLEMENT_TEXT]);
  open.delete(op.body.holdId);
  return { id, value: { result: 'settled' } };
}

async function close(): Promise<void> {
  await session.close();
  reply({ kind: 'closed' });
  port.close();
}

reply({ kind: 'ready', epoch: '', recovery: { tampered: [], burned: 0 } });
