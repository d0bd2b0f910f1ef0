import { parseArgs } from 'node:util';
import { count, UsageError } from '../house/options.ts';
import { ENGINE_NAMES } from './engines.ts';
import { CLIENTS } from './figures.ts';

export type Options = {
  readonly engines: readonly string[];
  readonly rounds: number;
  /** How long each phase lasts, ms. */
  readonly phaseMs: number;
  readonly clients: readonly number[];
  /** Receipts that books are filled to, to measure them beside books with few; null = that is not measured. */
  readonly receipts: number | null;
  /** Folder that the full books are kept in, and gone on with at the next run; null = they are made anew and removed. */
  readonly books: string | null;
  /** Whether the full books are recomputed from their postings at the end. */
  readonly verify: boolean;
  /** File for every figure of every round, or null. */
  readonly json: string | null;
  readonly help: boolean;
};

const DEFAULTS = { rounds: 5, phaseMs: 1200, clients: CLIENTS } as const;
const QUICK = { rounds: 2, phaseMs: 400, clients: [1, 32, 512] } as const;
const ROUNDS_MAX = 100;
const PHASE_MS_MAX = 60_000;
const RECEIPTS_MAX = 100_000_000;

export const USAGE = `npm run bench -- ledger [options]

  --engine NAME  ${ENGINE_NAMES.join(', ')}; several with commas (all)
  --rounds N     rounds of ledger and bare loop (${DEFAULTS.rounds})
  --phase MS     length of a phase; a round has one for each subject, number of clients, hot and cold (${DEFAULTS.phaseMs})
  --receipts N   instead: fill books to N receipts, and measure them beside books with few
  --books FOLDER with --receipts: keeps the full books there, and goes on with what an earlier run left
  --no-verify    with --receipts: does not recompute the full books at the end, which takes long
  --quick        ${QUICK.rounds} rounds of phases of ${QUICK.phaseMs} ms: a look, not a figure to quote
  --json FILE    also write every figure of every round
  --help`;

const GIVEN = {
  engine: { type: 'string' },
  rounds: { type: 'string' },
  phase: { type: 'string' },
  receipts: { type: 'string' },
  books: { type: 'string' },
  'no-verify': { type: 'boolean' },
  json: { type: 'string' },
  quick: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const given = parsed(args);
  const base = given.quick === true ? QUICK : DEFAULTS;
  return {
    engines: enginesOf(given.engine),
    rounds: count(given, 'rounds', base.rounds, ROUNDS_MAX),
    phaseMs: count(given, 'phase', base.phaseMs, PHASE_MS_MAX),
    clients: base.clients,
    receipts: given.receipts === undefined ? null : count(given, 'receipts', 0, RECEIPTS_MAX),
    books: given.books ?? null,
    verify: given['no-verify'] !== true,
    json: given.json ?? null,
    help: given.help === true,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: GIVEN }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}

function enginesOf(text: string | undefined): readonly string[] {
  const names = text === undefined ? ENGINE_NAMES : text.split(',');
  const wrong = names.find((name) => !ENGINE_NAMES.includes(name));
  if (wrong !== undefined) throw new UsageError(`--engine takes ${ENGINE_NAMES.join(', ')}, not ${wrong.slice(0, 32)}.`);
  return ENGINE_NAMES.filter((name) => names.includes(name));
}
