import { parseArgs } from 'node:util';

/** A usage error: told with the usage, exit code 64. */
export class UsageError extends Error {}

export type Options = {
  readonly rounds: number;
  /** Measured requests per phase; each round has one phase per subject and number of connections. */
  readonly requests: number;
  readonly json: string | null;
  readonly profile: string | null;
  readonly help: boolean;
};

const DEFAULTS = { rounds: 7, requests: 1500 } as const;
const QUICK = { rounds: 3, requests: 300 } as const;
const ROUNDS_MAX = 100;
/** Tallystick's source has a cap of 100,000,000 tokens, which all its calls together must stay under. */
const REQUESTS_MAX = 50_000;
const REQUESTS_IN_ALL_MAX = 80_000;

export const USAGE = `npm run bench -- overhead [options]

  --rounds N     rounds of direct, pass-through, Tallystick, Portkey (${DEFAULTS.rounds})
  --requests N   measured requests per phase (${DEFAULTS.requests}); a round has two phases per subject: 32 connections, 1 connection
  --quick        ${QUICK.rounds} rounds of ${QUICK.requests} requests: a look, not a figure to quote
  --json FILE    also write every figure of every round
  --profile DIR  also write CPU profiles of Tallystick, which slows it down
  --help`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const base = values.quick === true ? QUICK : DEFAULTS;
  const rounds = count('rounds', values.rounds, base.rounds, ROUNDS_MAX);
  const requests = count('requests', values.requests, base.requests, REQUESTS_MAX);
  if (rounds * requests > REQUESTS_IN_ALL_MAX) throw new UsageError(`--rounds times --requests is at most ${REQUESTS_IN_ALL_MAX}.`);
  return { rounds, requests, json: values.json ?? null, profile: values.profile ?? null, help: values.help === true };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        requests: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}

function count(name: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new UsageError(`--${name} takes a whole number from 1 to ${max}.`);
  return value;
}
