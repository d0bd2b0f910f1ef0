import { existsSync } from 'node:fs';
import { openReader, type SqlRow } from '#ground/database';
import { runArchiveJob } from './archive/job.ts';
import { openSqliteLedger } from './open.ts';
import { testOptions } from './sqlite.engine.ts';

// Archives a month and kills itself at one step: for the test of what a crash leaves behind. The books' time is in their own file.

const [, , file = '', step = ''] = process.argv;
const options = testOptions(file);
const QUESTION = { before: 999_912, keepMonths: 1 };

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Dies as soon as this is so. */
function dieWhen(isSo: () => boolean): void {
  if (isSo()) die();
  setImmediate(() => dieWhen(isSo));
}

const { ledger } = await openSqliteLedger(options);
const { archives } = ledger;
if (step === 'writing') dieWhen(() => existsSync(`${archives.fileOf(202_701)}.part`));
if (step === 'written') {
  const { bookId, chainKey, archiveFolder: folder = '' } = options;
  const at = { file };
  await runArchiveJob({ at, bookId, chainKey, folder, task: { kind: 'write', question: QUESTION, now: Date.UTC(2027, 2, 20) } });
  die();
}
await archives.seal(QUESTION);
if (step === 'sealed') die();
const reader = openReader(file);
const left = (): bigint => (reader.prepare('SELECT count(*) AS n FROM receipts WHERE month = 202701').get() as SqlRow).n as bigint;
const before = left();
if (step === 'removing') dieWhen(() => left() < before);
await archives.remove(202_701);
die();
