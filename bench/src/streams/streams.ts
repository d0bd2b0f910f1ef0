import { writeFileSync } from 'node:fs';
import type { Dialect } from '../dialects/dialect.ts';
import { optionsOrExit } from '../house/options.ts';
import { type Stage, setStage } from '../house/stage.ts';
import type { SubjectName } from '../house/subjects.ts';
import { type Memory, type OfSubject, type Round, type Run, targets } from './figures.ts';
import { memoryOf } from './memory.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { oneSubject, Turn } from './phases.ts';
import { report } from './report.ts';

/** More streams at once than the defaults let through to one source, with room for what is sent beside them. */
const STREAMS_MAX = { TALLY_UPSTREAM_CONNECTIONS_MAX: '1200', TALLY_CALLS_MAX: '1200' };

/** @returns the exit code: 1 where the books do not agree or a frame was lost. A missed target is told, not punished. */
export async function streams(args: readonly string[]): Promise<number> {
  const options = optionsOrExit(() => readOptions(args), USAGE);
  if (typeof options === 'number') return options;
  const stage = await setStage(options, 'stream', STREAMS_MAX);
  const whole = anyTurn(stage, options);
  // The peers were tried out before the callers count.
  const { framesSent } = await whole.upstream({ pace: { ms: options.paceMs, rushFrames: options.rushFrames } });
  const memories = await allMemories(options, stage);
  const runs: Run[] = [];
  for (const dialect of options.dialects) runs.push(await allRounds(options, stage, dialect));
  const arrived = await framesCheck(whole, framesSent);
  const books = await stage.close();
  const ok = books.ok && arrived.ok;
  console.log(report(runs, memories, stage.about, options, [arrived.line, ...books.lines]));
  if (options.json !== null) {
    const all = runs.map((run) => ({ ...run, targets: targets(run) }));
    writeFileSync(options.json, `${JSON.stringify({ about: stage.about, options, runs: all, memories, books, arrived }, null, 2)}\n`);
  }
  return ok ? 0 : 1;
}

/** For what concerns all turns. */
function anyTurn(stage: Stage, { dialects }: Options): Turn {
  return new Turn(stage, stage.subjects[0] as Turn['subject'], dialects[0] as Dialect);
}

async function allMemories({ dialects, memoryAt }: Options, stage: Stage): Promise<Memory[]> {
  const [dialect] = dialects as readonly [Dialect];
  const memories: Memory[] = [];
  for (const subject of stage.serving(dialect.name)) {
    progress(`memory: ${subject.name}`);
    const memory = await memoryOf(new Turn(stage, subject, dialect), memoryAt);
    if (memory !== null) memories.push(memory);
  }
  return memories;
}

async function allRounds(options: Options, stage: Stage, dialect: Dialect): Promise<Run> {
  const subjects = stage.serving(dialect.name);
  const rounds: Round[] = [];
  for (let number = 1; number <= options.rounds; number += 1) {
    const round: Partial<Record<SubjectName, OfSubject>> = {};
    for (const subject of subjects) {
      progress(`${dialect.name}: round ${number} of ${options.rounds}, ${subject.name}`);
      round[subject.name] = await oneSubject(new Turn(stage, subject, dialect), options);
    }
    rounds.push(round);
  }
  progress('');
  return { dialect: dialect.name, subjects: subjects.map(({ name }) => name), levels: options.levels, rounds };
}

/** Each stream is checked as it comes, frame by frame; this is the sum of them all. */
async function framesCheck(turn: Turn, before: number): Promise<{ readonly ok: boolean; readonly line: string }> {
  const { frames } = await turn.release();
  const sent = (await turn.upstream({})).framesSent - before;
  const ok = frames === sent;
  return { ok, line: `${ok ? 'yes' : 'NO '}  ${frames} frames came of ${sent} sent, each stream's in order and to its end` };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(60)}\r`);
}
