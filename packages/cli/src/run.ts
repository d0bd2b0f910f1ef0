import { CommanderError } from 'commander';
import { asCliError, type CliError, usage } from './cli-error.ts';
import type { Ending } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';
import { Output } from './output.ts';
import { buildProgram } from './program.ts';

/** Runs one command line. @param args without the program's name. @returns the exit code; everything else was printed. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const ending: Ending = { exit: 'ok' };
  try {
    await buildProgram({ io, ending }).parseAsync(args, { from: 'user' });
  } catch (cause) {
    if (cause instanceof CommanderError && cause.exitCode === 0) return EXIT.ok.code;
    const error = cause instanceof CommanderError ? asUsage(cause) : asCliError(cause);
    // Help without a command was printed by commander already, and says more than a sentence.
    if (!(cause instanceof CommanderError && cause.code === 'commander.help')) new Output(io, asksJson(args)).error(error);
    ending.exit = error.exit;
  }
  return EXIT[ending.exit].code;
}

/** The parser quotes what it did not understand; a value after `=` may be a secret, so it is cut. */
function asUsage(cause: CommanderError): CliError {
  const what = cause.message.replace(/^error: /, '').replace(/(--?[\w-]+)=.*?('|$)/s, '$1=…$2');
  return usage(`${what[0]?.toUpperCase() ?? ''}${what.slice(1)}.`.replace(/([.?)])\.$/, '$1'), 'See `tally --help`.');
}

/** Parsing may have failed before the option was seen. */
function asksJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}
