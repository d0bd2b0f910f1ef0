import type { Ledger } from '../../../packages/server/src/ledger/index.ts';
import { answerAsks } from '../house/ask.ts';
import type { Ask, Opened, SubjectName } from './asks.ts';
import type { Books } from './engine.ts';
import { engineOf } from './engines.ts';
import { drive } from './load.ts';
import { newAccounts } from './requests.ts';

// One subject in a process of its own, with the clients that ask it: neither has the other's garbage, nor its compiled code.

const engine = engineOf(process.argv[2] ?? '');
let books: Books | null = null;
let ledger: Ledger | null = null;

async function open(subject: SubjectName, folder: string): Promise<Opened> {
  const startedAt = performance.now();
  if (subject === 'bare') books = await engine.openBare(folder);
  else {
    ledger = await engine.openLedger(folder);
    books = ledger;
  }
  const openMs = performance.now() - startedAt;
  if (ledger !== null && (await ledger.accounts()).length === 0) await addAccounts(ledger);
  return { openMs };
}

async function addAccounts({ openAccount }: Ledger): Promise<void> {
  await Promise.all(newAccounts().map(openAccount));
}

async function perform(ask: Ask): Promise<unknown> {
  if (ask.kind === 'open') return open(ask.subject, ask.folder);
  if (books === null) throw new Error('no books are open');
  if (ask.kind === 'load') return drive(books, ask.job);
  if (ask.kind === 'verify') return ledger?.verify();
  if (ask.kind === 'receipts') return Number(((await ledger?.lane())?.nextSeq ?? 1n) - 1n);
  await books.close();
  [books, ledger] = [null, null];
  return null;
}

answerAsks(perform);
process.send?.({ port: 0 });
