import type { Worker } from 'node:worker_threads';
import { TallyError } from '@tallystick/core';
import type { Recovery, WriterReply } from './protocol.ts';
import type { Ledger } from './types.ts';

/** `findings`: accounts that did not match their postings, one sentence each; `burned`: open holds of dead epochs that were ended. */
export type OpenedLedger = { readonly ledger: Ledger; readonly findings: readonly string[]; readonly burned: number };

export type Started = Extract<WriterReply, { kind: 'ready' }>;

/** Waits until the writer's thread has opened the books. @throws TallyError what it failed with. */
export function started(worker: Worker): Promise<Started> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new TallyError('LEDGER_UNAVAILABLE', 'The books cannot be opened: the writer ended.'));
    worker.once('error', fail);
    worker.once('exit', fail);
    worker.once('message', (reply: WriterReply) => {
      worker.off('error', fail);
      worker.off('exit', fail);
      if (reply.kind === 'ready') resolve(reply);
      else if (reply.kind === 'failed')
        worker.once('exit', () => reject(new TallyError(reply.fault.code, reply.fault.message, reply.fault.facts)));
    });
  });
}

export function opened(ledger: Ledger, { tampered, burned }: Recovery): OpenedLedger {
  const findings = tampered.map(({ accountId, what }) => `account ${accountId} was changed behind the ledger and is frozen: ${what}`);
  return { ledger, findings, burned };
}
