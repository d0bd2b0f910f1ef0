import { COMMON_USAGE, type CommonOptions, common, count, parse } from '../house/options.ts';
import { LEVELS, type Level } from './figures.ts';

export type Options = CommonOptions & {
  /** Probes per phase; each round has one phase per subject and number of held streams. */
  readonly probes: number;
  /** Time between two frames of a held stream, ms. */
  readonly paceMs: number;
  /** How long the frames of held streams are watched in a phase, ms. */
  readonly watchMs: number;
  /** Frames of each stream in a rush. */
  readonly rushFrames: number;
  readonly levels: readonly Level[];
  /** Held streams at which memory is read. */
  readonly memoryAt: readonly number[];
};

const DEFAULTS = { rounds: 5, probes: 200, watchMs: 1500, rushFrames: 1000, levels: LEVELS, memoryAt: [256, 512, 1024] } as const;
const QUICK = { rounds: 1, probes: 40, watchMs: 400, rushFrames: 200, levels: [0, 512], memoryAt: [256, 512] } as const;
const PACE_MS = 100;
const ROUNDS_MAX = 50;
/** With all that goes on beside them they must stay under the cap of each of Tallystick's sources. */
const PROBES_MAX = 1000;
const PACE_MS_MAX = 10_000;

export const USAGE = `npm run bench -- streams [options]

  --rounds N     rounds of direct, pass-through, Tallystick, Portkey (${DEFAULTS.rounds})
  --probes N     short streams whose first frame is timed, per phase (${DEFAULTS.probes})
  --pace MS      time between two frames of a held stream (${PACE_MS})
  --quick        ${QUICK.rounds} round of ${QUICK.probes} probes: a look, not a figure to quote
${COMMON_USAGE}`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const given = parse(args, ['rounds', 'probes', 'pace']);
  const base = given['quick'] === true ? QUICK : DEFAULTS;
  return {
    ...common(given, count(given, 'rounds', base.rounds, ROUNDS_MAX)),
    probes: count(given, 'probes', base.probes, PROBES_MAX),
    paceMs: count(given, 'pace', PACE_MS, PACE_MS_MAX),
    watchMs: base.watchMs,
    rushFrames: base.rushFrames,
    levels: base.levels,
    memoryAt: base.memoryAt,
  };
}
