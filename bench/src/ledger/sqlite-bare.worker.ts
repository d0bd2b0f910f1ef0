import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openWriter } from '../../../packages/server/src/ground/database.ts';
import { LIMITS } from '../../../packages/server/src/ledger/limits.ts';
import type { OpAnswer, QueuedOp, WriterMessage, WriterReply } from '../../../packages/server/src/ledger/protocol.ts';
import { HOLD_TEXT, SETTLEMENT_TEXT } from './bare.ts';

// The least that a durable group commit of holds and settlements on SQLite can be: a table without an index, two rows for each pair, and what
// a settlement cannot do without, the holds that are open. Engine, settings, batches and messages are the ledger's.

const port = parentPort as NonNullable<typeof parentPort>;
const db = openWriter(workerData as string);
db.exec('CREATE TABLE rows (no INTEGER PRIMARY KEY, hold_no INTEGER, text TEXT NOT NULL) STRICT');
const add = db.prepare('INSERT INTO rows (no, hold_no, text) VALUES (?, ?, ?)');
const open = new Map<string, number>();
let last = 0;

function reply(message: WriterReply): void {
  port.postMessage(message);
}

function take(): WriterMessage | undefined {
  return receiveMessageOnPort(port)?.message as WriterMessage | undefined;
}

/** As the ledger's writer: what was asked while the last commit ran is the next batch. */
port.on('message', (first: WriterMessage) => {
  let message: WriterMessage | undefined = first;
  while (message !== undefined) {
    if ('close' in message) return close();
    let { ops } = message;
    message = take();
    while (message !== undefined && !('close' in message) && ops.length + message.ops.length <= LIMITS.batchMax) {
      ops = [...ops, ...message.ops];
      message = take();
    }
    commit(ops);
  }
});

function commit(ops: readonly QueuedOp[]): void {
  db.exec('BEGIN IMMEDIATE');
  const answers = ops.map(perform);
  db.exec('COMMIT');
  reply({ kind: 'answers', answers });
}

function perform({ id, op }: QueuedOp): OpAnswer {
  last += 1;
  if (op.kind === 'hold') {
    add.run(last, null, HOLD_TEXT);
    open.set(op.body.holdId, last);
    return { id, value: { result: 'created' } };
  }
  if (op.kind !== 'settle') throw new Error(`a bare loop knows no ${op.kind}`);
  const holdNo = open.get(op.body.holdId);
  if (holdNo === undefined) return { id, value: { result: 'unknown' } };
  add.run(last, holdNo, SETTLEMENT_TEXT);
  open.delete(op.body.holdId);
  return { id, value: { result: 'settled' } };
}

function close(): void {
  db.close();
  reply({ kind: 'closed' });
  port.close();
}

reply({ kind: 'ready', epoch: '', recovery: { tampered: [], burned: 0 } });
