import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineLine, memoryWarning } from '../house/about.ts';
import type { House } from '../house/house.ts';
import { machine, peakMemoryMib, residentMib } from '../house/machine.ts';
import { table, targetLine } from '../house/table.ts';
import { engineOf } from './engines.ts';
import { flatTargets, type Measured, settings } from './figures.ts';
import type { Options } from './options.ts';
import { paired, tell } from './paired.ts';
import { rows } from './report.ts';
import { Subject } from './subject.ts';

/** What both books have before anything is measured: enough that the code is compiled and the accounts' chains have begun. */
const FEW = 50_000;
/** The books are filled by the ledger itself, as fast as it goes. */
const FILL = { clients: 1024, spread: 'cold' } as const;
const FILL_PAIRS = 200_000;
const CLIENTS = [1, 32, 512];

type Filled = { readonly receipts: number; readonly pairsPerSecond: number; readonly residentMib: number | null };
type Long = {
  readonly engine: string;
  readonly filled: readonly Filled[];
  readonly measured: readonly Measured[];
  readonly bytesPerReceipt: number;
  readonly few: { readonly openMs: number; readonly residentMib: number | null };
  readonly full: { readonly openMs: number; readonly residentMib: number | null };
  readonly verifyMs: number;
  readonly peakMib: number | null;
  /** Null where they were not recomputed. */
  readonly findings: readonly string[] | null;
};

/** Books with `receipts` receipts beside books with few. @returns the exit code: 1 where the books do not agree. */
export async function receipts(house: House, options: Options, receipts: number): Promise<number> {
  const about = machine(house.folder);
  const all: Long[] = [];
  for (const engine of options.engines) all.push(await onEngine(house, engine, options, receipts));
  console.log([machineLine(about), ...memoryWarning(about), ...all.flatMap((long) => told(long, options, receipts))].join('\n'));
  if (options.json !== null) {
    const runs = all.map((long) => ({ ...long, targets: flatTargets(long.measured) }));
    writeFileSync(options.json, `${JSON.stringify({ about, receipts, phaseMs: options.phaseMs, runs }, null, 2)}\n`);
  }
  return all.every(({ findings }) => findings === null || findings.length === 0) ? 0 : 1;
}

async function onEngine(house: House, engine: string, options: Options, receipts: number): Promise<Long> {
  const few = await Subject.start(house, engine, 'ledger', { name: 'few' });
  const kept = options.books === null ? {} : { folder: join(options.books, engine) };
  const full = await Subject.start(house, engine, 'ledger', { name: 'full', ...kept });
  await fill(few, Math.min(FEW, receipts));
  const filled = await fill(full, receipts);
  const measured = await paired(full, few, settings(CLIENTS), options);
  const resident = [few, full].map(({ pid }) => residentMib(pid)) as [number | null, number | null];
  const startedAt = performance.now();
  const findings = options.verify ? await full.verify() : null;
  const verifyMs = performance.now() - startedAt;
  const peakMib = peakMemoryMib(full.pid);
  const inBooks = await full.receipts();
  await few.close();
  await full.close();
  const bytes = engineOf(engine).sizeOf(full.folder);
  const opened = { few: (await few.open()).openMs, full: (await full.open()).openMs };
  for (const subject of [few, full]) await subject.end();
  return {
    engine,
    filled,
    measured,
    bytesPerReceipt: bytes / inBooks,
    few: { openMs: opened.few, residentMib: resident[0] },
    full: { openMs: opened.full, residentMib: resident[1] },
    verifyMs,
    peakMib,
    findings,
  };
}

async function fill(subject: Subject, receipts: number): Promise<readonly Filled[]> {
  const filled: Filled[] = [];
  for (let done = await subject.receipts(); done < receipts; ) {
    tell(`${subject.name}: ${done} of ${receipts}`);
    const pairs = Math.min(FILL_PAIRS, receipts - done);
    const { pairsPerSecond } = await subject.load({ ...FILL, pairs });
    done += pairs;
    filled.push({ receipts: done, pairsPerSecond, residentMib: residentMib(subject.pid) });
  }
  tell('');
  return filled;
}

function told(long: Long, options: Options, receipts: number): string[] {
  const mib = (value: number | null) => (value === null ? '–' : `${value.toFixed(0)} MiB`);
  const { few, full, verifyMs, findings } = long;
  return [
    '',
    `== ${long.engine}: ${receipts} receipts beside ${FEW}`,
    '',
    `${options.rounds} rounds of ${options.phaseMs} ms per phase; medians of the rounds.`,
    ...(['hot', 'cold'] as const).flatMap((spread) => [
      '',
      spread === 'hot' ? 'Hot accounts.' : 'Cold accounts.',
      '',
      ...table(
        rows(
          long.measured.filter(({ setting }) => setting.spread === spread),
          'few',
        ),
      ),
    ]),
    '',
    ...flatTargets(long.measured).map(targetLine),
    '',
    `Filling, ${FILL.clients} clients.`,
    '',
    ...table(fillRows(long.filled)),
    '',
    ...table([
      ['', 'few', 'full'],
      ['opening', `${few.openMs.toFixed(0)} ms`, `${full.openMs.toFixed(0)} ms`],
      ['resident memory of the process', mib(few.residentMib), mib(full.residentMib)],
      ['peak, with verify', '', mib(long.peakMib)],
      ['verify', '', findings === null ? '–' : `${(verifyMs / 1000).toFixed(1)} s`],
      ['bytes per receipt', '', long.bytesPerReceipt.toFixed(0)],
    ]),
    '',
    ...verdict(findings),
  ];
}

function verdict(findings: readonly string[] | null): string[] {
  if (findings === null) return ['  –    the books were not recomputed (--no-verify)'];
  if (findings.length > 0) return findings.map((text) => `  NO   ${text}`);
  return ['  yes  the books agree with their postings, receipts and lanes'];
}

/** At most ten lines of the filling, evenly apart. */
function fillRows(filled: readonly Filled[]): string[][] {
  const step = Math.max(1, Math.floor(filled.length / 10));
  const body = filled
    .filter((_, at) => (at + 1) % step === 0)
    .map((one) => [String(one.receipts), one.pairsPerSecond.toFixed(0), one.residentMib === null ? '–' : one.residentMib.toFixed(0)]);
  return [['receipts', 'pairs/s', 'resident MiB'], ...body];
}
