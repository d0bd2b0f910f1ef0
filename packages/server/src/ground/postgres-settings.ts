import type { PgStep } from './postgres-pipeline.ts';

/** A transaction that its owner has forgotten holds locks: the server ends such a session. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/**
 * What every session relies on, set by itself so that no role, database or URL decides it. `synchronous_commit` is left as the operator
 * has it, and looked at instead (`checkSafety`).
 */
function settingsOf(statementTimeoutMs: number): Readonly<Record<string, string>> {
  return {
    statement_timeout: `${statementTimeoutMs}ms`,
    // Shorter, so that a wait for a lock is told from a slow statement.
    lock_timeout: `${Math.ceil(statementTimeoutMs / 2)}ms`,
    idle_in_transaction_session_timeout: `${IDLE_IN_TRANSACTION_MS}ms`,
    idle_session_timeout: '0',
    default_transaction_isolation: 'read committed',
    default_transaction_deferrable: 'off',
    // A commit that gave up waiting for its standby says so as a warning only.
    client_min_messages: 'warning',
    TimeZone: 'UTC',
    bytea_output: 'hex',
    standard_conforming_strings: 'on',
    transform_null_equals: 'off',
    array_nulls: 'on',
    jit: 'off',
    // The server notices a dead client within half a minute, and frees what it had locked.
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
    tcp_user_timeout: '25000',
  };
}

const SET = 'SELECT pg_backend_pid() AS pid, count(set_config(name, value, false)) FROM unnest($1::text[], $2::text[]) AS s (name, value)';

/** The first step of a session. Its one row has `pid`. */
export function settingsStep(statementTimeoutMs: number, more: Readonly<Record<string, string>> = {}): PgStep {
  const settings = { ...settingsOf(statementTimeoutMs), ...more };
  return { text: SET, values: [Object.keys(settings), Object.values(settings)] };
}
