import { DatabaseError } from 'pg';

/**
 * The server refused a statement, and the session goes on. Nothing of the pipeline's transaction was committed, unless it had
 * committed in an earlier step. Neither the server's detail nor its context is kept: both can hold values.
 */
export class PgError extends Error {
  /** Five characters: https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly sqlstate: string;
  /** Name of the constraint that was broken. */
  readonly constraint: string | null;
  /** Which step of the pipeline failed, from 0; as many steps as there are where it was the commit at the end. */
  readonly step: number;

  constructor(sqlstate: string, text: string, constraint: string | null = null, step = 0) {
    super(`PostgreSQL: ${text} (${sqlstate}, step ${step})`);
    this.name = 'PgError';
    this.sqlstate = sqlstate;
    this.constraint = constraint;
    this.step = step;
  }
}

/** The connection is gone, or never was. */
export class PgConnectionLost extends Error {
  /** False: nothing of it was ever written to the connection. True: it may have been carried out and committed, or not. */
  readonly sent: boolean;
  /** What the server said last, where it did. */
  readonly sqlstate: string | null;

  constructor(reason: string, sent: boolean, sqlstate: string | null = null) {
    super(`The connection to PostgreSQL is lost: ${reason}${sqlstate === null ? '' : ` (${sqlstate})`}`);
    this.name = 'PgConnectionLost';
    this.sent = sent;
    this.sqlstate = sqlstate;
  }
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlstateOf(error) === '23505';
}

/** Whether a statement broke a rule of the schema: the statement's fault, not the engine's. */
export function isConstraintViolation(error: unknown): boolean {
  return sqlstateOf(error)?.startsWith('23') === true;
}

/** Serialization failure, deadlock, lock not available, cancelled (statement timeout among them). */
const RETRYABLE: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '57014']);

/** Whether the same pipeline may succeed when it is sent again on this session: it was rolled back for no fault of its own. */
export function isRetryable(error: unknown): boolean {
  return error instanceof PgError && RETRYABLE.has(error.sqlstate);
}

/** Shutdown, crash, not yet ready, too many connections, and a server that has become a standby or was set read-only. */
const DOWN: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '53300', '25006']);

/** Whether there is no server to write to now. A new session may find one. */
export function isDown(error: unknown): boolean {
  if (error instanceof PgConnectionLost) return true;
  const sqlstate = sqlstateOf(error);
  return sqlstate !== null && (sqlstate.startsWith('08') || DOWN.has(sqlstate));
}

export function isDiskFull(error: unknown): boolean {
  return sqlstateOf(error) === '53100';
}

/** A lost connection's last word decides nothing: a statement refused in a pipeline whose end is unknown is no proof of the end. */
function sqlstateOf(error: unknown): string | null {
  return error instanceof PgError ? error.sqlstate : null;
}

/**
 * Classes of errors whose message is not kept: data exceptions quote the value itself, and the two others name the role and the database,
 * which stand in the URL. All other classes name things of the schema only.
 */
const UNQUOTED: Readonly<Record<string, string>> = {
  '22': 'a value does not fit its type',
  '28': 'the role or its password is not accepted',
  '3D': 'there is no such database',
};

export function pgError({ code = '', constraint = null, message }: Refusal, step: number): PgError {
  return new PgError(code, UNQUOTED[code.slice(0, 2)] ?? message, constraint, step);
}

/** What pg's `DatabaseError` tells that is fit to be kept. */
type Refusal = { readonly code?: string | undefined; readonly constraint?: string | null | undefined; readonly message: string };

/** Texts of pg itself that say more than "no answer" and hold nothing of the URL. */
const SAID_BY_CLIENT =
  /^(timeout expired|The server does not support SSL|There was an error establishing an SSL|Connection terminated|SASL:)/;

/** @returns why a connection could not be made or ended, by code: the messages of DNS, sockets and TLS name host and address. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return code;
  return typeof message === 'string' && SAID_BY_CLIENT.test(message) ? message : 'no answer';
}

/** @returns what an attempt to connect is answered with. */
export function connectFailure(error: unknown): PgError | PgConnectionLost {
  if (error instanceof PgError || error instanceof PgConnectionLost) return error;
  return error instanceof DatabaseError ? pgError(error, 0) : new PgConnectionLost(reasonOf(error), false);
}
