import { TallyError } from '@tallystick/core';
import { PgError } from './postgres-errors.ts';
import type { PgSession } from './postgres-session.ts';
import type { PgRow } from './postgres-values.ts';

const SERVER_VERSION_MIN = 150_000;

/** As much of a session as is needed to ask. */
export type AskedServer = Pick<PgSession, 'isDirect' | 'query' | 'pipeline'>;

export type ServerFacts = {
  /** As `server_version_num`: 150018 is 15.18. */
  readonly version: number;
  /** Made when the cluster was initialised; a restored copy keeps it. Text, for it needs 64 bits without a sign. */
  readonly systemId: string;
  /** Grows with each promotion and each recovery to a point in time. */
  readonly timeline: number;
  /** What an operator should know though nothing is refused for it. */
  readonly findings: readonly string[];
};

/** A setting and the values under which a commit that was confirmed can be lost, or a write goes another way than it reads. */
type Rule = { readonly setting: string; readonly allowed: readonly string[]; readonly why: string };

const RULES: readonly Rule[] = [
  { setting: 'fsync', allowed: ['on'], why: 'after a crash of the machine, commits that were confirmed would be missing' },
  { setting: 'full_page_writes', allowed: ['on'], why: 'a page that a crash has torn could not be mended' },
  {
    setting: 'synchronous_commit',
    allowed: ['on', 'remote_apply'],
    why: 'a commit would be confirmed before it is on disk, here or on the standby; look for it at the role and the database too',
  },
  // After a failed fsync the kernel may have dropped the pages: a second try then confirms what is not on disk.
  { setting: 'data_sync_retry', allowed: ['off'], why: 'a write to disk that failed would be passed over' },
  { setting: 'zero_damaged_pages', allowed: ['off'], why: 'rows on a damaged page would vanish without an error' },
  { setting: 'ignore_checksum_failure', allowed: ['off'], why: 'damaged rows would be read as if they were whole' },
  { setting: 'session_replication_role', allowed: ['origin'], why: 'triggers and foreign keys would not be held to' },
  { setting: 'transaction_read_only', allowed: ['off'], why: 'nothing can be written' },
  { setting: 'server_encoding', allowed: ['UTF8'], why: 'not every text could be stored; make the database with ENCODING UTF8' },
];

const READ = `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
  (SELECT system_identifier::text FROM pg_control_system()) AS system_id,
  CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END AS wal_file,
  current_setting('data_checksums') AS checksums, current_setting('synchronous_standby_names') AS standbys,
  current_setting('autovacuum') AS autovacuum, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
  (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls,
  coalesce(inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1', true) AS here`;

const SETTINGS = 'SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) AS s (name)';

/**
 * Whether a commit that this server confirms to this session is there to stay. Two round trips; worth repeating, for an operator may
 * change most of it under a running session (`ALTER SYSTEM`, then a reload).
 * @throws TallyError CONFIG_INVALID, telling which setting, why it matters and what to do; `facts` has `setting` and `value`.
 */
export async function checkSafety(session: AskedServer): Promise<ServerFacts> {
  if (!session.isDirect)
    throw refused('connection', 'pooled', 'behind a pooler no lock of a session can be relied on', 'Name the server itself.');
  const version = await versionOf(session);
  const steps = [{ text: READ }, { text: SETTINGS, values: [RULES.map(({ setting }) => setting)] }];
  const [facts, settings] = await session.pipeline(steps).catch(explain);
  const row = facts?.rows[0] ?? {};
  if (row['standby'] === true) throw refused('server', 'standby', 'a standby takes no writes', 'Name the primary.');
  for (const { setting, allowed, why } of RULES) {
    const value = settings?.rows.find(({ name }) => name === setting)?.['value'];
    // A later version may have given a setting up, and with it what it allowed.
    if (typeof value === 'string' && !allowed.includes(value)) throw refused(setting, value, why, `Set it to ${allowed[0]}.`);
  }
  // The first eight hexadecimal digits of a WAL file's name are its timeline.
  const timeline = Number.parseInt(String(row['wal_file']).slice(0, 8), 16);
  return { version, systemId: String(row['system_id']), timeline, findings: findingsOf(row) };
}

/** Asked first: an older server may not know what is asked next. */
async function versionOf(session: AskedServer): Promise<number> {
  const { rows } = await session.query("SELECT current_setting('server_version_num')::int AS version");
  const version = Number(rows[0]?.['version']);
  if (version >= SERVER_VERSION_MIN) return version;
  throw refused('server_version_num', String(version), 'PostgreSQL 15 or later is needed', 'Upgrade the server.');
}

function refused(setting: string, value: string, why: string, fix: string): TallyError {
  return new TallyError('CONFIG_INVALID', `PostgreSQL: ${setting} is ${value}: ${why}. ${fix}`, { setting, value });
}

/** Any role may call what is asked here, unless that was revoked. */
function explain(error: unknown): never {
  if (!(error instanceof PgError) || error.sqlstate !== '42501') throw error;
  const fix = 'Grant it EXECUTE on pg_control_system(), pg_current_wal_lsn() and pg_walfile_name(pg_lsn).';
  throw refused('role', 'not permitted', 'it cannot tell one server and its timeline from another', fix);
}

function findingsOf(row: PgRow): string[] {
  const findings: readonly [boolean, string][] = [
    [row['checksums'] !== 'on', 'Data checksums are off: damage on the disk can go unnoticed (pg_checksums --enable).'],
    [row['standbys'] === '', 'No standby is synchronous: after a failover the latest commits are missing (synchronous_standby_names).'],
    [row['autovacuum'] !== 'on', 'Autovacuum is off: tables grow without end.'],
    [row['superuser'] === true, 'The role is a superuser: one that owns its database alone can do less harm.'],
    [row['here'] !== true && row['tls'] !== true, 'The connection to another machine is not encrypted (sslmode=verify-full).'],
  ];
  return findings.filter(([applies]) => applies).map(([, text]) => text);
}
