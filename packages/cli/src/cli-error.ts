import { ERRORS, type ErrorCode, TallyError } from '@tallystick/core';
import type { Exit } from './exit-codes.ts';

/** Codes that only the command line has; all others are core's. docs/reference/cli.md lists these; a test compares both ways. */
export const CLI_ERRORS = {
  DAEMON_UNREACHABLE: 'Start it with `tally start`, or name it with --url or TALLY_URL.',
  ANSWER_INVALID: 'Check --url: something else may be listening there.',
  RECEIPT_PENDING: 'Ask again: a receipt is signed shortly after its call has ended.',
  CANCELLED: 'Nothing was changed.',
} as const;

export type Facts = Readonly<Record<string, unknown>>;
export type CliErrorCode = keyof typeof CLI_ERRORS | ErrorCode;

/** An error as `tally` prints it: `error CODE: what. fix`. */
export class CliError extends Error {
  readonly code: string;
  readonly fix: string;
  readonly exit: Exit;
  readonly facts: Facts | undefined;

  /** @param code one of ours, or what the daemon said. @param fix by default the catalogue's. */
  constructor(code: CliErrorCode | (string & {}), what: string, exit: Exit, fix?: string, facts?: Facts) {
    super(what);
    this.name = 'CliError';
    this.code = code;
    this.exit = exit;
    this.fix = fix ?? fixOf(code);
    this.facts = facts;
  }
}

export const usage = (what: string, fix?: string): CliError => new CliError('INPUT_INVALID', what, 'usage', fix);
export const misconfigured = (what: string, fix?: string): CliError => new CliError('CONFIG_INVALID', what, 'configuration', fix);

/** @returns anything that was thrown, as an error that may be shown. */
export function asCliError(cause: unknown): CliError {
  if (cause instanceof CliError) return cause;
  if (cause instanceof TallyError) return new CliError(cause.code, cause.message, exitOf(cause.code, cause.status), cause.fix, cause.facts);
  return new CliError('INTERNAL', cause instanceof Error ? `${cause.name}: ${cause.message}` : 'Something failed.', 'failure', '');
}

/** The exit that stands for what the daemon said, over HTTP or as a process. */
export function exitOf(code: string, status = statusOf(code)): Exit {
  if (code === 'CONFIG_INVALID' || code === 'MASTER_KEY_INVALID') return 'configuration';
  return status >= 400 && status < 500 ? 'refused' : 'failure';
}

function statusOf(code: string): number {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].status : 500;
}

function fixOf(code: string): string {
  if (Object.hasOwn(CLI_ERRORS, code)) return CLI_ERRORS[code as keyof typeof CLI_ERRORS];
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].fix : '';
}
