import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { House } from '../house/house.ts';
import { CommitProbe, machine } from '../house/machine.ts';
import { optionsOrExit } from '../house/options.ts';
import { type Run, settings, targets } from './figures.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { paired } from './paired.ts';
import { receipts } from './receipts.ts';
import { report } from './report.ts';
import { Subject } from './subject.ts';

const COMMITS = 300;
/** The first calls of a process are compiled while they run. */
const WARM_UP = { clients: 32, spread: 'cold', ms: 1500 } as const;

/** @returns the exit code: 1 where the books do not agree. A missed target is told, not punished. */
export async function ledger(args: readonly string[]): Promise<number> {
  const options = optionsOrExit(() => readOptions(args), USAGE);
  if (typeof options === 'number') return options;
  const house = new House();
  if (options.receipts !== null) return receipts(house, options, options.receipts);
  const commitMs = probe(house);
  const runs: Run[] = [];
  const books: string[] = [];
  for (const engine of options.engines) {
    const { run, findings } = await onEngine(house, engine, options);
    runs.push(run);
    books.push(
      ...(findings.length === 0
        ? [`yes  ${engine}: agree with their postings, receipts and lanes`]
        : findings.map((text) => `NO   ${text}`)),
    );
  }
  const about = machine(house.folder);
  console.log(report(runs, about, commitMs, options, books));
  if (options.json !== null) {
    const all = runs.map((run) => ({ ...run, targets: targets(run) }));
    writeFileSync(options.json, `${JSON.stringify({ about, commitMs, phaseMs: options.phaseMs, runs: all, books }, null, 2)}\n`);
  }
  return books.every((line) => line.startsWith('yes')) ? 0 : 1;
}

function probe({ folder }: House): number {
  const commits = new CommitProbe(join(folder, 'commit.db'));
  const commitMs = commits.measure(COMMITS);
  commits.close();
  return commitMs;
}

async function onEngine(house: House, engine: string, options: Options): Promise<{ run: Run; findings: readonly string[] }> {
  const books = await Subject.start(house, engine, 'ledger');
  const bare = await Subject.start(house, engine, 'bare');
  for (const subject of [books, bare]) await subject.load(WARM_UP);
  const measured = await paired(books, bare, settings(options.clients), options);
  const findings = await books.verify();
  for (const subject of [books, bare]) await subject.end();
  return { run: { engine, measured }, findings };
}
