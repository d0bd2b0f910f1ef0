import { parseArgs } from 'node:util';
import { count, UsageError } from '../house/options.ts';
import { COLUMNS, DEFAULT_NAMES, QUICK_NAMES } from './columns.ts';
import type { Column } from './gateway.ts';

export type Options = {
  readonly rounds: number;
  readonly columns: readonly Column[];
  /** Whether peers that are missing are installed first. */
  readonly install: boolean;
  /** File for every outcome of every round, or null. */
  readonly json: string | null;
  readonly help: boolean;
};

const ROUNDS = 3;
const QUICK_ROUNDS = 1;
const ROUNDS_MAX = 10;
const NAMES = COLUMNS.map(({ name }) => name).join(', ');

export const USAGE = `npm run bench -- overspend [options]

  --columns A,B  ${NAMES}
                 (${DEFAULT_NAMES.join(', ')})
  --install      first install the peers among them that are not there yet, from PyPI and crates.io: minutes
  --rounds N     rounds of every scenario, each with a limit of its own (${ROUNDS})
  --quick        ${QUICK_ROUNDS} round of ${QUICK_NAMES.join(', ')}
  --json FILE    also write every outcome of every round
  --help`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const given = parse(args);
  const isQuick = given['quick'] === true;
  const names = given['columns'] === undefined ? (isQuick ? QUICK_NAMES : DEFAULT_NAMES) : String(given['columns']).split(',');
  const wrong = names.find((name) => !COLUMNS.some((column) => column.name === name));
  if (wrong !== undefined) throw new UsageError(`--columns takes ${NAMES}, not ${wrong.slice(0, 32)}.`);
  return {
    rounds: count(given, 'rounds', isQuick ? QUICK_ROUNDS : ROUNDS, ROUNDS_MAX),
    columns: COLUMNS.filter(({ name }) => names.includes(name)),
    install: given['install'] === true,
    json: given['json'] === undefined ? null : String(given['json']),
    help: given['help'] === true,
  };
}

function parse(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { columns: text, rounds: text, json: text, install: flag, quick: flag, help: { ...flag, short: 'h' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}
