import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import { CONFIG_KEYS, type ConfigName } from './config-keys.ts';

export { CONFIG_KEYS } from './config-keys.ts';

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`);
const flag = z.enum(['0', '1'], 'must be 0 or 1').transform((v) => v === '1');
const text = z.string();
const rpcUrls = text
  .transform((value) => value.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()])))
  .refine((urls) => urls.every(isHttpUrl), 'must be http:// or https:// URLs, separated by commas');

const schema = z.object({
  HOST: text.min(1),
  PORT: whole(0, 65_535),
  TALLY_MODE: z.enum(['development', 'production']),
  TALLY_CONFIG: text,
  TALLY_DATA_DIR: text.min(1),
  DATABASE_URL: z.union([z.literal(''), z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')]),
  TALLY_SLOT_DIR: text,
  TALLY_MASTER_KEY_FILE: text,
  TALLY_MASTER_KEY: text,
  TALLY_ADMIN_TOKEN: z.union([z.literal(''), z.string().min(32, 'must have at least 32 characters')]),
  TALLY_SHRED_MODE: z.enum(['shreddable', 'recoverable']),
  TALLY_TLS_CERT_FILE: text,
  TALLY_TLS_KEY_FILE: text,
  TALLY_INSECURE_HTTP: flag,
  TALLY_WORKERS: whole(1, 64),
  TALLY_BODY_BYTES_MAX: whole(1024, 268_435_456),
  TALLY_BODIES_BYTES_MAX: whole(1024, 68_719_476_736),
  TALLY_BODY_TIMEOUT_MS: whole(100, 3_600_000),
  TALLY_HEADER_BYTES_MAX: whole(2048, 1_048_576),
  TALLY_ANSWER_BYTES_MAX: whole(1024, 1_073_741_824),
  TALLY_REPLAY_BYTES_MAX: whole(1024, 16_777_216),
  TALLY_CALLS_MAX: whole(1, 65_536),
  TALLY_CALL_DEADLINE_MS: whole(100, 86_400_000),
  TALLY_READER_STALL_MS: whole(100, 3_600_000),
  TALLY_RETRIES_MAX: whole(0, 10),
  TALLY_RETRY_WAIT_MS_MAX: whole(0, 600_000),
  TALLY_UPSTREAM_CONNECTIONS_MAX: whole(1, 65_536),
  TALLY_UPSTREAM_HEADERS_MS: whole(100, 3_600_000),
  TALLY_UPSTREAM_IDLE_MS: whole(100, 3_600_000),
  TALLY_DEFAULT_OUTPUT_MAX: whole(1, 10_000_000),
  TALLY_POOL_TASKS_MAX: whole(1, 1_000),
  TALLY_RECONCILE_LAG_MS: whole(0, 2_592_000_000),
  TALLY_ARCHIVE_KEEP_MONTHS: whole(1, 1_200),
  TALLY_SHUTDOWN_MS: whole(0, 3_600_000),
  TALLY_POOL_PROVIDERS_FILE: text,
  TALLY_POOL_LAUNCH: text,
  TALLY_POOL_LOCKOUT_OFF: z.enum(['0', '1', 'false', 'true'], 'must be 0 or 1').transform((v) => v === '1' || v === 'true'),
  TALLY_POOL_BREACH: z.enum(['stop', 'freeze']),
  TALLY_POOL_APPROVAL: z.enum(['operator', 'vote']),
  TALLY_POOL_VOTE_WEIGHT: z.enum(['donor', 'tokens']),
  TALLY_POOL_VOTE_QUORUM_BPS: whole(0, 10_000),
  TALLY_POOL_VOTE_MAJORITY_BPS: whole(5_000, 9_999),
  TALLY_POOL_VOTE_MS: whole(1_000, 31_622_400_000),
  TALLY_POOL_TIMELOCK_MS: whole(0, 31_622_400_000),
  TALLY_SANDBOX: flag,
  TALLY_SANDBOX_CAP: whole(1, 100_000_000),
  TALLY_CHAIN: z.enum(['', 'embedded', 'off'], 'must be embedded or off'),
  TALLY_CHAIN_PORT: z.union([z.literal('').transform(() => null), whole(1, 65_535)]),
  CHAIN_RPC_URL: rpcUrls,
  TALLY_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']),
} satisfies Record<ConfigName, z.ZodType>);

type Settled = { readonly TALLY_CHAIN: 'embedded' | 'off' };
export type Config = Omit<z.output<typeof schema>, keyof Settled> & Settled;

/** Names with our prefix that the daemon itself does not read: the CLI's, the deployer's key, and the test runner's. */
const FOREIGN = /^(TALLY_URL$|TALLY_DONOR_TOKEN$|TALLY_DEPLOYER_KEY$|TALLY_TEST_)/;

/**
 * Reads the configuration: defaults, then the file, then the environment; each value validated.
 * A name with our prefix that is not in the table is refused: a typing error must not silently leave a limit at its default.
 * @throws CONFIG_INVALID naming the setting and why.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, cwd: string): Config {
  for (const name of Object.keys(env)) {
    if (name.startsWith('TALLY_') && !(name in CONFIG_KEYS) && !FOREIGN.test(name)) {
      throw new TallyError('CONFIG_INVALID', `The environment names ${name}, which is no setting.`, { setting: name });
    }
  }
  const file = readFile(resolve(cwd, env['TALLY_CONFIG'] ?? CONFIG_KEYS.TALLY_CONFIG.default), env['TALLY_CONFIG'] !== undefined);
  const raw: Record<string, string> = {};
  for (const [name, key] of Object.entries(CONFIG_KEYS)) {
    const value = env[name] ?? file[name] ?? key.default;
    raw[name] = value;
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const setting = String(issue?.path[0] ?? 'unknown');
    throw new TallyError('CONFIG_INVALID', `${setting}: ${issue?.message ?? 'is not valid'}.`, { setting });
  }
  return finish(parsed.data, cwd);
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Which chain there is, by settings that must not contradict each other. */
function chainMode({ TALLY_CHAIN: wanted, TALLY_MODE: mode, CHAIN_RPC_URL: urls }: z.output<typeof schema>): 'embedded' | 'off' {
  const refuse = (why: string) => new TallyError('CONFIG_INVALID', `TALLY_CHAIN: ${why}`, { setting: 'TALLY_CHAIN' });
  if (wanted === 'embedded' && mode === 'production')
    throw refuse('an embedded chain is for development only, and TALLY_MODE is production.');
  if (wanted === 'embedded' && urls.length > 0) throw refuse('CHAIN_RPC_URL names a chain, so there is no embedded one.');
  return wanted === 'off' || mode === 'production' || urls.length > 0 ? 'off' : 'embedded';
}

function finish(config: z.output<typeof schema>, cwd: string): Config {
  const data = resolve(cwd, config.TALLY_DATA_DIR);
  const under = (value: string, fallback: string) => (value.startsWith('<data>') ? join(data, fallback) : resolve(cwd, value));
  if ((config.TALLY_TLS_CERT_FILE === '') !== (config.TALLY_TLS_KEY_FILE === '')) {
    throw new TallyError('CONFIG_INVALID', 'TALLY_TLS_CERT_FILE and TALLY_TLS_KEY_FILE go together.', { setting: 'TALLY_TLS_KEY_FILE' });
  }
  if (!isLoopback(config.HOST) && config.TALLY_TLS_CERT_FILE === '' && !config.TALLY_INSECURE_HTTP) {
    throw new TallyError(
      'CONFIG_INVALID',
      `HOST: ${config.HOST} is beyond loopback and TLS is off; set TALLY_TLS_CERT_FILE, or TALLY_INSECURE_HTTP=1.`,
      {
        setting: 'HOST',
      },
    );
  }
  if (config.CHAIN_RPC_URL.some(isClearText) && !config.TALLY_INSECURE_HTTP) {
    throw new TallyError(
      'CONFIG_INVALID',
      'CHAIN_RPC_URL: one that is beyond loopback would be asked in clear text, with the key in it; use https, or set TALLY_INSECURE_HTTP=1.',
      { setting: 'CHAIN_RPC_URL' },
    );
  }
  if (config.TALLY_POOL_LOCKOUT_OFF && config.TALLY_MODE === 'production') {
    throw new TallyError('CONFIG_INVALID', 'TALLY_POOL_LOCKOUT_OFF: is for development only, and TALLY_MODE is production.', {
      setting: 'TALLY_POOL_LOCKOUT_OFF',
    });
  }
  return {
    ...config,
    TALLY_CHAIN: chainMode(config),
    TALLY_DATA_DIR: data,
    TALLY_POOL_PROVIDERS_FILE: config.TALLY_POOL_PROVIDERS_FILE === '' ? '' : resolve(cwd, config.TALLY_POOL_PROVIDERS_FILE),
    TALLY_SLOT_DIR: under(config.TALLY_SLOT_DIR, 'slots'),
    TALLY_MASTER_KEY_FILE: under(config.TALLY_MASTER_KEY_FILE, 'master.key'),
  };
}

function readFile(path: string, required: boolean): Record<string, string> {
  if (!existsSync(path)) {
    if (required) throw new TallyError('CONFIG_INVALID', 'TALLY_CONFIG names a file that does not exist.', { setting: 'TALLY_CONFIG' });
    return {};
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new TallyError('CONFIG_INVALID', 'The configuration file is not valid JSON.', { setting: 'TALLY_CONFIG' }, { cause });
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new TallyError('CONFIG_INVALID', 'The configuration file must hold one JSON object.', { setting: 'TALLY_CONFIG' });
  }
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (!(name in CONFIG_KEYS) || name === 'TALLY_CONFIG') {
      throw new TallyError('CONFIG_INVALID', `The configuration file names ${name.slice(0, 64)}, which is no setting.`, {
        setting: name.slice(0, 64),
      });
    }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new TallyError('CONFIG_INVALID', `${name}: must be a string, a number or a boolean.`, { setting: name });
    }
    values[name] = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  }
  return values;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether what is sent there could be read on the way. */
export function isClearText(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
