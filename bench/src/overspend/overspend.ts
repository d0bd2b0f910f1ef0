import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { House } from '../house/house.ts';
import { machine } from '../house/machine.ts';
import { optionsOrExit } from '../house/options.ts';
import { isOurs } from './columns.ts';
import { type Column, lotsOf } from './gateway.ts';
import { measure, PATIENCE } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { faults, type Row, report } from './report.ts';
import { SCENARIOS } from './scenarios.ts';

type Stage = { readonly house: House; readonly upstream: ChildProcess; readonly port: number; readonly rounds: number };

/** @returns the exit code: 1 where a limit of Tallystick's did not hold, or the measuring cannot be trusted. */
export async function overspend(args: readonly string[]): Promise<number> {
  const options = optionsOrExit(() => readOptions(args), USAGE);
  if (typeof options === 'number') return options;
  const house = new House();
  const { child: upstream, port } = await house.fork('counting');
  const stage: Stage = { house, upstream, port, rounds: options.rounds };
  const rows: Row[] = [];
  const leftOut: string[] = [];
  const wrong: string[] = [];
  for (const column of options.columns) {
    try {
      const missing = missingAfterInstall(column, options);
      if (missing === null) rows.push(await oneColumn(column, stage));
      else leftOut.push(`${column.name}: ${missing}`);
    } catch (error) {
      const why = `${column.name}: ${error instanceof Error ? error.message : String(error)}`;
      leftOut.push(why);
      if (isOurs(column.name)) wrong.push(why);
    }
  }
  progress('');
  await house.stop(upstream);
  const told = { machine: machine(house.folder), rounds: options.rounds, rows, leftOut };
  wrong.push(...faults(rows, isOurs));
  console.log(report(told));
  for (const fault of wrong) console.log(`\nFAULT: ${fault}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(told, null, 2)}\n`);
  return wrong.length === 0 ? 0 : 1;
}

function missingAfterInstall({ name, missing, install }: Column, options: Options): string | null {
  if (missing() !== null && options.install && install !== undefined) {
    progress(`${name}: installing`);
    install();
  }
  return missing();
}

async function oneColumn(column: Column, { house, upstream, port, rounds }: Stage): Promise<Row> {
  progress(`${column.name}: starting`);
  const lots = lotsOf(column.name, SCENARIOS, rounds);
  const gateway = await column.open({ house, upstreamPort: port, lots });
  try {
    const measured = await measure(gateway, upstream, lots, PATIENCE, (text) => progress(`${column.name}: ${text}`));
    return { name: column.name, version: gateway.version, cap: gateway.cap, ...measured };
  } finally {
    await gateway.stop();
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(60)}\r`);
}
