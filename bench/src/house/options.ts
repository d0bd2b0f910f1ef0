import { parseArgs } from 'node:util';
import { DIALECT_NAMES, type Dialect, type DialectName } from '../dialects/dialect.ts';
import { DIALECTS } from '../dialects/dialects.ts';

/** A usage error: told with the usage, exit code 64. */
export class UsageError extends Error {}

const EXIT_USAGE = 64;
const ALL = 'all';

/** What every benchmark takes. */
export type CommonOptions = {
  readonly rounds: number;
  readonly dialects: readonly Dialect[];
  /** File for every figure of every round, or null. */
  readonly json: string | null;
  /** Folder for CPU profiles of Tallystick, or null. */
  readonly profile: string | null;
  /** Folder with another installation of Portkey, or null. */
  readonly portkey: string | null;
  readonly help: boolean;
};

export const COMMON_USAGE = `  --dialect NAME ${DIALECT_NAMES.join(', ')}; several with commas (${ALL})
  --json FILE    also write every figure of every round
  --profile DIR  also write CPU profiles of Tallystick, which slows it down
  --portkey DIR  a folder that has another installation of @portkey-ai/gateway
  --help`;

type Given = Readonly<Record<string, string | boolean | undefined>>;

/** @param numbers the names of options that take a number. @throws UsageError */
export function parse(args: readonly string[], numbers: readonly string[]): Given {
  const texts = [...numbers, 'dialect', 'json', 'profile', 'portkey'].map((name) => [name, { type: 'string' }] as const);
  try {
    const options = { ...Object.fromEntries(texts), quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}

/** @throws UsageError */
export function count(given: Given, name: string, otherwise: number, max: number): number {
  const text = given[name];
  if (text === undefined) return otherwise;
  const value = /^[1-9]\d{0,8}$/.test(String(text)) ? Number(text) : 0;
  if (value < 1 || value > max) throw new UsageError(`--${name} takes a whole number from 1 to ${max}.`);
  return value;
}

/** @throws UsageError */
export function common(given: Given, rounds: number): CommonOptions {
  const text = (name: string) => (given[name] === undefined ? null : String(given[name]));
  return {
    rounds,
    dialects: dialectsOf(text('dialect') ?? ALL),
    json: text('json'),
    profile: text('profile'),
    portkey: text('portkey'),
    help: given['help'] === true,
  };
}

function dialectsOf(text: string): readonly Dialect[] {
  const names: readonly string[] = text === ALL ? DIALECT_NAMES : text.split(',');
  const wrong = names.find((name) => !DIALECT_NAMES.includes(name as DialectName));
  if (wrong !== undefined) throw new UsageError(`--dialect takes ${DIALECT_NAMES.join(', ')} or ${ALL}, not ${wrong.slice(0, 32)}.`);
  return DIALECT_NAMES.filter((name) => names.includes(name)).map((name) => DIALECTS[name]);
}

/** @returns the options, or the exit code where there is nothing to run. */
export function optionsOrExit<T extends { readonly help: boolean }>(read: () => T, usage: string): T | number {
  try {
    const options = read();
    if (!options.help) return options;
    console.log(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return EXIT_USAGE;
  }
}
