import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dialect } from '../dialects/dialect.ts';
import { ANSWER_ID } from '../dialects/text.ts';
import { ask } from '../house/ask.ts';
import { CommitProbe, peakMemoryMib, processorMs } from '../house/machine.ts';
import { optionsOrExit } from '../house/options.ts';
import { rest } from '../house/rest.ts';
import { type Stage, setStage } from '../house/stage.ts';
import type { Subject, SubjectName } from '../house/subjects.ts';
import { type Connections, type Phase, type Phases, type Round, type Run, ratios, targets } from './figures.ts';
import type { LoadJob, LoadResult } from './load.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { type Memory, report } from './report.ts';

const COMMITS_PER_ROUND = 60;
/** Enough to open connections and to have hot code compiled again after the other subjects' turns; the first round needs more. */
const WARM_UP_SHARE = 0.2;
const FIRST_WARM_UP = 1000;

/** @returns the exit code: 1 where the books do not agree, since speed without the work is none. A missed target is told, not punished. */
export async function overhead(args: readonly string[]): Promise<number> {
  const options = optionsOrExit(() => readOptions(args), USAGE);
  if (typeof options === 'number') return options;
  const stage = await setStage(options, 'json');
  const probe = new CommitProbe(join(stage.house.folder, 'commit.db'));
  const runs: Run[] = [];
  for (const dialect of options.dialects) runs.push(await allRounds(options, stage, dialect, probe));
  probe.close();
  const peakMib = peaks(stage.subjects);
  const books = await stage.close();
  console.log(report(runs, peakMib, stage.about, options.requests, books.lines));
  if (options.json !== null) {
    const all = runs.map((run) => ({ ...run, ratios: ratios(run), targets: targets(run) }));
    const { about } = stage;
    writeFileSync(options.json, `${JSON.stringify({ about, requests: options.requests, runs: all, peakMib, books }, null, 2)}\n`);
  }
  return books.ok ? 0 : 1;
}

async function allRounds(options: Options, { callers, serving }: Stage, dialect: Dialect, probe: CommitProbe): Promise<Run> {
  const subjects = serving(dialect.name);
  const rounds: Round[] = [];
  for (const subject of subjects) await load(callers, subject, dialect, 32, FIRST_WARM_UP);
  for (let number = 1; number <= options.rounds; number += 1) {
    if (process.stderr.isTTY) process.stderr.write(`\r${dialect.name}: round ${number} of ${options.rounds} `);
    const commitMs = probe.measure(COMMITS_PER_ROUND);
    const phases: Partial<Record<SubjectName, Phases>> = {};
    for (const subject of subjects) phases[subject.name] = await oneSubject(options, callers, subject, dialect);
    rounds.push({ commitMs, phases });
  }
  if (process.stderr.isTTY) process.stderr.write('\r                              \r');
  return { dialect: dialect.name, subjects: subjects.map(({ name }) => name), rounds };
}

async function oneSubject({ requests }: Options, callers: ChildProcess, subject: Subject, dialect: Dialect): Promise<Phases> {
  await load(callers, subject, dialect, 32, Math.max(64, Math.round(requests * WARM_UP_SHARE)));
  const many = await load(callers, subject, dialect, 32, requests);
  return { 32: many, 1: await load(callers, subject, dialect, 1, requests) };
}

/** The processor time counts what the subject does after its last answer, too. */
async function load(
  callers: ChildProcess,
  { name, child, way }: Subject,
  dialect: Dialect,
  connections: Connections,
  requests: number,
): Promise<Phase> {
  const pid = child?.pid;
  const before = pid === undefined ? null : processorMs(pid);
  const { path, body } = dialect.json;
  const job: LoadJob = { ...way(dialect, path), body, expected: ANSWER_ID, connections, requests };
  const result = await ask<LoadResult>(callers, job, `${name}, ${dialect.name}`);
  const after = pid === undefined ? null : await rest(pid);
  return { ...result, processorMsPerRequest: before === null || after === null ? null : (after - before) / requests };
}

function peaks(subjects: readonly Subject[]): Memory {
  return Object.fromEntries(subjects.map(({ name, child }) => [name, child?.pid === undefined ? null : peakMemoryMib(child.pid)]));
}
