import { COMMON_USAGE, type CommonOptions, common, count, parse, UsageError } from '../house/options.ts';

export type Options = CommonOptions & {
  /** Measured requests per phase; each round has one phase per subject and number of connections. */
  readonly requests: number;
};

const DEFAULTS = { rounds: 7, requests: 1500 } as const;
const QUICK = { rounds: 3, requests: 200 } as const;
const ROUNDS_MAX = 100;
/** Each of Tallystick's sources has a cap of 100,000,000 tokens, which all of a dialect's calls together must stay under. */
const REQUESTS_MAX = 50_000;
const REQUESTS_IN_ALL_MAX = 80_000;

export const USAGE = `npm run bench -- overhead [options]

  --rounds N     rounds of direct, pass-through, Tallystick, Portkey (${DEFAULTS.rounds})
  --requests N   measured requests per phase (${DEFAULTS.requests}); a round has two phases per subject: 32 connections, 1 connection
  --quick        ${QUICK.rounds} rounds of ${QUICK.requests} requests: a look, not a figure to quote
${COMMON_USAGE}`;

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const given = parse(args, ['rounds', 'requests']);
  const base = given['quick'] === true ? QUICK : DEFAULTS;
  const rounds = count(given, 'rounds', base.rounds, ROUNDS_MAX);
  const requests = count(given, 'requests', base.requests, REQUESTS_MAX);
  if (rounds * requests > REQUESTS_IN_ALL_MAX) throw new UsageError(`--rounds times --requests is at most ${REQUESTS_IN_ALL_MAX}.`);
  return { ...common(given, rounds), requests };
}
