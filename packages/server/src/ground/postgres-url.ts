import { TallyError } from '@tallystick/core';
import { Client, type ClientConfig } from 'pg';

const WEAK_MODES = /([?&]sslmode=)(?:allow|prefer|require|verify-ca)(?=&|$)/;

/**
 * For pg's client: the URL with its TLS mode made plain. Each mode that asks for TLS verifies the server in full, as pg 8 does anyway
 * (with a warning that these modes will mean less one day); `disable` and `no-verify` stay what they say. Who wants libpq's weaker
 * meanings writes `uselibpqcompat=true`.
 * @throws TallyError CONFIG_INVALID; it repeats nothing of the URL, whose password may stand in any part of it after a typing error.
 */
export function configOfUrl(url: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new TallyError('CONFIG_INVALID', 'The database URL must begin with postgres:// or postgresql://.');
  }
  const strict = /[?&]uselibpqcompat=true(?=&|$)/.test(url) ? url : url.replace(WEAK_MODES, '$1verify-full');
  return { connectionString: strict, keepAlive: true, keepAliveInitialDelayMillis: 10_000 };
}

/** Runs pg's own parsing of the URL, whose errors may quote it. @throws TallyError CONFIG_INVALID. */
export function withUrl<T>(construct: () => T): T {
  try {
    return construct();
  } catch (error) {
    const syntax = (error as { syscall?: unknown }).syscall === undefined;
    const why = syntax ? 'is not valid; percent-encode each special character of the password' : 'names a file that cannot be read';
    throw new TallyError('CONFIG_INVALID', `The database URL ${why}.`);
  }
}

/**
 * Where the client goes by this URL, for people. Never its user or password; and nothing at all where a part of the password may have
 * been taken for something else, because a character of it is not encoded.
 */
export function describeDatabase(url: string): string {
  const given = URL.canParse(url) ? new URL(url) : null;
  if (given === null || `${given.pathname}${given.search}${given.hash}`.includes('@')) return 'the database';
  const { host, port, database } = withUrl(() => new Client(configOfUrl(url)));
  return `database ${database} at ${host}:${port}`;
}
