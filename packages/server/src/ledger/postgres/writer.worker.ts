import { parentPort, workerData } from 'node:worker_threads';
import { TallyError } from '@tallystick/core';
import { systemClock } from '#ground/clock';
import { LedgerFault } from '../fault.ts';
import type { Trouble, WriterMessage, WriterReply } from '../protocol.ts';
import { Turns } from '../turns.ts';
import type { PgOptions } from './boot.ts';
import type { Connecting } from './connect.ts';
import { PgWriter } from './writer.ts';

// This host's writer of the books on PostgreSQL, in a thread of its own.

const port = parentPort as NonNullable<typeof parentPort>;
const options = workerData as PgOptions & Connecting;
const inbox: WriterMessage[] = [];

function reply(message: WriterReply): void {
  port.postMessage(message);
}

/** What fails here must end the thread, and with it every call that waits. */
function die(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

async function start(): Promise<void> {
  try {
    const emit = (answers: Extract<WriterReply, { kind: 'answers' }>['answers']) => {
      if (answers.length > 0) reply({ kind: 'answers', answers });
    };
    // Not before `ready`, which is the first reply.
    const tell = (trouble: Trouble) => setImmediate(() => reply({ kind: 'trouble', trouble }));
    const { writer, recovery, epoch } = await PgWriter.open({ ...options, monotonicMs: () => systemClock.monotonicMs(), emit, tell, die });
    serve(writer);
    reply({ kind: 'ready', epoch, recovery, laneIndex: writer.laneIndex });
  } catch (error) {
    reply({ kind: 'failed', fault: faultOf(error) });
    port.close();
  }
}

function faultOf(error: unknown): Extract<WriterReply, { kind: 'failed' }>['fault'] {
  if (error instanceof LedgerFault || error instanceof TallyError) {
    const { code, message, facts } = error;
    return { code, message, facts };
  }
  const message = `The books cannot be opened: ${error instanceof Error ? error.message : 'unknown reason'}`;
  return { code: 'LEDGER_UNAVAILABLE', message, facts: {} };
}

function serve(writer: PgWriter): void {
  const turns = new Turns(writer, { take: () => inbox.shift(), reply });
  // Where nothing is asked, the books are looked after all the same: it places no hold, so nothing need be open to it.
  const timer = setInterval(() => {
    if (!turns.isRunning) port.emit('message', { now: systemClock.wallMs(), grantNow: 0, ops: [] });
  }, options.timing.sweepMs);
  port.on('message', (message: WriterMessage) => {
    inbox.push(message);
    if (turns.isRunning) return;
    turns.start(inbox.shift()).then(() => {
      if (!turns.isClosed) return;
      clearInterval(timer);
      port.close();
    }, die);
  });
}

void start();
