import { type About, heading, warnings } from '../house/about.ts';
import { median } from '../house/stats.ts';
import type { SubjectName } from '../house/subjects.ts';
import { table, targetLine, times } from '../house/table.ts';
import {
  addedFirsts,
  addedFrames,
  firsts,
  frames,
  kibPerStream,
  type Level,
  type Memory,
  middle,
  processors,
  type Run,
  rushes,
  rushRatio,
  SHARES,
  type Share,
  targets,
} from './figures.ts';
import type { Options } from './options.ts';

/** What the others are measured against is told whole. */
const WHOLE: readonly SubjectName[] = ['direct', 'pass-through'];

/** The whole report as text. @param done what says whether the work got done, one line each. */
export function report(runs: readonly Run[], memories: readonly Memory[], about: About, options: Options, done: readonly string[]): string {
  const { rounds, probes, paceMs } = options;
  const lines = [
    heading(about),
    `${rounds} rounds of ${probes} probes per phase; medians of the rounds; held streams have a frame every ${paceMs} ms`,
    ...warnings(about),
    ...runs.flatMap(ofDialect),
    '',
    `Resident memory of the process between, MiB, before, with streams held (${runs[0]?.dialect ?? ''}), and after they ended.`,
    '',
    ...table(memoryRows(memories)),
    '',
    'Did the work get done?',
    '',
    ...done.map((line) => `  ${line}`),
  ];
  return lines.join('\n');
}

function heldLevels({ levels }: Run): readonly Level[] {
  return levels.filter((level) => level > 0);
}

function ofDialect(run: Run): string[] {
  return [
    '',
    `== ${run.dialect}`,
    '',
    'Time to first token in ms, by streams held. Direct and pass-through: the whole of it; all others: what they add to the pass-through.',
    '',
    ...table(latencyRows(run, run.levels, firsts, addedFirsts)),
    '',
    'Time of a frame on its way from the upstream to the caller, in the same form.',
    '',
    ...table(latencyRows(run, heldLevels(run), frames, addedFrames)),
    '',
    'Processor time of the process between per frame, by streams held; frames per second where the upstream never waits, 32 streams.',
    '',
    ...table(workRows(run)),
    '',
    ...targets(run).map(targetLine),
  ];
}

type Of = (run: Run, name: SubjectName, level: Level, share: Share) => number[] | null;

function latencyRows(run: Run, levels: readonly Level[], whole: Of, added: Of): string[][] {
  const columns = levels.flatMap((level) => SHARES.map((share) => ({ level, share })));
  const head = ['', ...columns.map(({ level, share }) => `${share} at ${level}`)];
  const body = run.subjects.map((name) => {
    const of = WHOLE.includes(name) ? whole : added;
    return [name, ...columns.map(({ level, share }) => middle(of(run, name, level, share), 2))];
  });
  return [head, ...body];
}

function workRows(run: Run): string[][] {
  const head = ['', ...heldLevels(run).map((level) => `at ${level}`), 'frames/s', 'Tallystick’s, as a multiple'];
  const body = run.subjects.map((name) => {
    const spent = heldLevels(run).map((level) => processors(run, name, level));
    return [
      name,
      ...spent.map((values) => (values === null ? '–' : `${middle(values, 0)} µs`)),
      median(rushes(run, name)).toFixed(0),
      name === 'Tallystick' ? '' : times(rushRatio(run, name)),
    ];
  });
  return [head, ...body];
}

function memoryRows(memories: readonly Memory[]): string[][] {
  const held = memories[0]?.readings.map(({ held }) => `${held}`) ?? [];
  const body = memories.map((memory) => [
    memory.name,
    ...memory.readings.map(({ mib }) => mib.toFixed(0)),
    memory.afterMib.toFixed(0),
    `${kibPerStream(memory).toFixed(0)} KiB`,
  ]);
  return [['', ...held, 'after', 'per stream'], ...body];
}
