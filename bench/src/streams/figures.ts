import type { DialectName } from '../dialects/dialect.ts';
import { differences, type Latency, median, ratio, type Spread, spread } from '../house/stats.ts';
import type { SubjectName } from '../house/subjects.ts';
import type { Target } from '../house/table.ts';

/** Streams that are held open while others are probed. */
export const LEVELS = [0, 32, 512] as const;
export type Level = (typeof LEVELS)[number];
export const SHARES = ['p50', 'p95', 'p99'] as const;
export type Share = (typeof SHARES)[number];

/** One phase: one subject with some streams held open. Times in ms. */
export type Phase = {
  /** From the caller's request to its first frame. */
  readonly first: Latency;
  /** From the upstream's writing of a frame to the caller's reading of it; null where no stream is held. */
  readonly frame: Latency | null;
  /** Processor time of the process between per frame of the held streams; null where there is none. */
  readonly processorUsPerFrame: number | null;
  /** The least held streams that the upstream had open when a probe came in. */
  readonly heldLeast: number;
};

export type OfSubject = { readonly phases: Readonly<Partial<Record<Level, Phase>>>; readonly rushFramesPerSecond: number };
export type Round = Readonly<Partial<Record<SubjectName, OfSubject>>>;

/** All rounds of one dialect, with the subjects that serve its streams, in order. */
export type Run = {
  readonly dialect: DialectName;
  readonly subjects: readonly SubjectName[];
  readonly levels: readonly Level[];
  readonly rounds: readonly Round[];
};

function each<T>({ rounds }: Run, name: SubjectName, of: (own: OfSubject) => T): T[] {
  return rounds.map((round) => {
    const own = round[name];
    if (own === undefined) throw new RangeError(`${name} was not measured`);
    return of(own);
  });
}

function eachPhase<T>(run: Run, name: SubjectName, level: Level, of: (phase: Phase) => T): T[] {
  return each(run, name, ({ phases }) => {
    const phase = phases[level];
    if (phase === undefined) throw new RangeError(`${name} was not measured with ${level} streams held`);
    return of(phase);
  });
}

/** Time to the first frame, per round, ms. */
export function firsts(run: Run, name: SubjectName, level: Level, share: Share): number[] {
  return eachPhase(run, name, level, ({ first }) => first[share]);
}

/** Time of a frame on its way, per round, ms; null where none was held. */
export function frames(run: Run, name: SubjectName, level: Level, share: Share): number[] | null {
  return known(eachPhase(run, name, level, ({ frame }) => frame?.[share] ?? null));
}

export function processors(run: Run, name: SubjectName, level: Level): number[] | null {
  return known(eachPhase(run, name, level, ({ processorUsPerFrame }) => processorUsPerFrame));
}

export function rushes(run: Run, name: SubjectName): number[] {
  return each(run, name, ({ rushFramesPerSecond }) => rushFramesPerSecond);
}

export function heldLeast(run: Run, name: SubjectName, level: Level): number {
  return Math.min(...eachPhase(run, name, level, ({ heldLeast }) => heldLeast));
}

/** What a subject adds to the pass-through in the same round, ms. */
export function addedFirsts(run: Run, name: SubjectName, level: Level, share: Share): number[] {
  return differences(firsts(run, name, level, share), firsts(run, 'pass-through', level, share));
}

export function addedFrames(run: Run, name: SubjectName, level: Level, share: Share): number[] | null {
  const own = frames(run, name, level, share);
  const bare = frames(run, 'pass-through', level, share);
  return own === null || bare === null ? null : differences(own, bare);
}

/** Frames per second in a rush, as a multiple of a peer's. */
export function rushRatio(run: Run, peer: SubjectName): Spread | null {
  return ratio(rushes(run, 'Tallystick'), rushes(run, peer));
}

function known(values: readonly (number | null)[]): number[] | null {
  return values.every((value) => value !== null) ? (values as number[]) : null;
}

const FIRST_ADDED_MS_MAX = 1;
const HELD: Level = 512;

/** The project's own targets, each with what was measured. Nothing is faster than doing nothing: a difference below zero is noise, and no proof. */
export function targets(run: Run): readonly Target[] {
  const added = spread(addedFirsts(run, 'Tallystick', HELD, 'p99'));
  const isNoise = added.median < 0;
  const held = heldLeast(run, 'Tallystick', HELD);
  const range = added.min === added.max ? '' : ` (${added.min.toFixed(2)}–${added.max.toFixed(2)})`;
  return [
    {
      what: `added time to first token, p99, with ${HELD} streams held ≤ ${FIRST_ADDED_MS_MAX} ms over the pass-through`,
      figure: `${added.median.toFixed(2)} ms${range}${isNoise ? ', which is noise' : ''}, ${held} or more held`,
      reached: !isNoise && added.median <= FIRST_ADDED_MS_MAX && held >= HELD,
    },
  ];
}

/** Resident memory of the process between at a number of held streams. */
export type Reading = { readonly held: number; readonly mib: number };

/** One process between: before, with more and more streams, and after they ended. */
export type Memory = { readonly name: SubjectName; readonly readings: readonly Reading[]; readonly afterMib: number };

/** What one more stream takes, KiB: from none to the most. */
export function kibPerStream({ readings }: Memory): number {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined || last.held === first.held) throw new RangeError('memory needs two readings');
  return ((last.mib - first.mib) * 1024) / (last.held - first.held);
}

export function middle(values: readonly number[] | null, digits: number): string {
  return values === null ? '–' : median(values).toFixed(digits);
}
