import { TallyError } from '@tallystick/core';
import { connectPostgres } from '#ground/postgres';
import { isDown, PgConnectionLost, PgError } from '#ground/postgres-errors';
import { checkSafety } from '#ground/postgres-safety';
import type { PgSession } from '#ground/postgres-session';
import type { PgOptions, Server } from './boot.ts';
import { CONNECT, type Timing } from './settings.ts';
import { OutcomeUnknown } from './transact.ts';

/** It may work in a while. */
export class NotYet extends Error {}

/** It never will: the books are lost to this process. */
export class LostForGood extends Error {}

export type Connecting = Pick<PgOptions, 'hostId'> & {
  /** Secret: it may have a password in it. */
  readonly url: string;
  readonly timing: Timing;
};

/** A session for a writer. */
export async function connect({ url, hostId, timing }: Connecting): Promise<PgSession> {
  const { answerTimeoutMs, idleInTransactionMs } = timing;
  const applicationName = `tallystick ${hostId}`.slice(0, 63);
  const session = await connectPostgres(url, { ...CONNECT, answerTimeoutMs, applicationName });
  try {
    await session.query("SELECT set_config('idle_in_transaction_session_timeout', $1, false)", [`${idleInTransactionMs}ms`]);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** A server that has just taken over may not be writable yet; one with unsafe settings is not used, and may be mended. @throws NotYet */
export async function safely(session: PgSession): Promise<Server> {
  try {
    return await checkSafety(session);
  } catch (error) {
    if (isDown(error)) throw error;
    throw new NotYet('the server is not fit to write to', { cause: error });
  }
}

/** Why the database is away, in words that hold nothing of its URL and no value. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (error instanceof NotYet && cause !== undefined) return `${error.message}: ${reasonOf(cause)}`;
  const isTold = [PgError, PgConnectionLost, OutcomeUnknown, TallyError, NotYet, LostForGood].some((kind) => error instanceof kind);
  return isTold ? (error as Error).message : 'the writer failed';
}
