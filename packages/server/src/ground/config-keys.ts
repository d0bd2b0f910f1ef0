/**
 * Every configuration key: an environment variable, or the same name in the configuration file.
 * `docs/reference/configuration.md` is generated from this table; a test compares both ways.
 */
export type ConfigKey = { readonly default: string; readonly unit?: string; readonly description: string };

export const CONFIG_KEYS = {
  HOST: { default: '127.0.0.1', description: 'Address to listen on. Beyond loopback TLS is required, or TALLY_INSECURE_HTTP=1.' },
  PORT: { default: '8402', description: 'Port to listen on; 0 takes a free one.' },
  TALLY_MODE: {
    default: 'development',
    description:
      '`production` refuses at the start what only development may do, such as a donation pool without its lockout; `development` allows it, and says so.',
  },
  TALLY_CONFIG: {
    default: 'tallystick.json',
    description: 'Configuration file (JSON, these same names). Its absence is no error unless the variable is set.',
  },
  TALLY_DATA_DIR: {
    default: '.tallystick',
    description: 'Folder of all data: books, sealed secrets, slots, audit log. Made with mode 0700.',
  },
  DATABASE_URL: {
    default: '',
    description:
      '`postgres://…`: the books are kept in this PostgreSQL database (15 or later), which any number of hosts may share; empty keeps them in a file of the data folder. May hold a password: no child process inherits it.',
  },
  TALLY_SLOT_DIR: {
    default: '<data>/slots',
    description: 'Folder of the slots and of the anchor that detects a restored database. Best on another disk, kept out of backups.',
  },
  TALLY_MASTER_KEY_FILE: {
    default: '<data>/master.key',
    description:
      'File with the master key: 64 hex digits or a 24-word phrase, mode 0600. Made at first start; move it off this disk and keep a copy.',
  },
  TALLY_MASTER_KEY: {
    default: '',
    description:
      'The master key itself (hex or phrase), or `-` to read a phrase from standard input. No child process inherits it, but the kernel keeps what a process was started with: who can read /proc/PID/environ (its owner, root) can read the key. Prefer the file or standard input.',
  },
  TALLY_ADMIN_TOKEN: {
    default: '',
    description:
      'Operator token, at least 32 characters. By default one is made at first start in `<data>/admin-token`, mode 0600, which is better: the environment of a process can be read by its owner and root.',
  },
  TALLY_SHRED_MODE: {
    default: 'shreddable',
    description:
      '`shreddable`: slots are left out of backups, so that a destroyed secret is gone everywhere; `recoverable`: slots are backed up, destruction is claimed for this host only.',
  },
  TALLY_TLS_CERT_FILE: { default: '', description: 'PEM certificate chain; with TALLY_TLS_KEY_FILE turns TLS on.' },
  TALLY_TLS_KEY_FILE: { default: '', description: 'PEM private key of the certificate.' },
  TALLY_INSECURE_HTTP: {
    default: '0',
    description: '`1` allows plain HTTP beyond loopback (behind a proxy that ends TLS), and a chain’s RPC endpoint that is asked so.',
  },
  TALLY_WORKERS: {
    default: '1',
    unit: 'processes',
    description:
      'Processes that serve callers, all under the same caps. `1`: the daemon does it itself; above, that many workers beside it, about one for each core. TALLY_CALLS_MAX, TALLY_BODIES_BYTES_MAX and TALLY_UPSTREAM_CONNECTIONS_MAX are divided among them. `--workers` overrides it.',
  },
  TALLY_BODY_BYTES_MAX: { default: '8388608', unit: 'bytes', description: 'Largest request body.' },
  TALLY_BODIES_BYTES_MAX: {
    default: '268435456',
    unit: 'bytes',
    description: 'All request bodies in memory together; more are refused with OVERLOADED.',
  },
  TALLY_BODY_TIMEOUT_MS: { default: '30000', unit: 'ms', description: 'Time for a request body to arrive.' },
  TALLY_HEADER_BYTES_MAX: { default: '16384', unit: 'bytes', description: 'Largest request header block.' },
  TALLY_ANSWER_BYTES_MAX: {
    default: '67108864',
    unit: 'bytes',
    description: 'Largest upstream answer; a longer one is cut and charged at its hold.',
  },
  TALLY_REPLAY_BYTES_MAX: {
    default: '1048576',
    unit: 'bytes',
    description:
      'Largest answer that is kept, sealed, for the retry of a call with an idempotency key, where the virtual key asks for it (`replay_s`); a longer one is not kept. In memory are at most 64 times as many, in each worker.',
  },
  TALLY_CALLS_MAX: { default: '1024', unit: 'calls', description: 'Calls in flight at once; more are refused with OVERLOADED.' },
  TALLY_CALL_DEADLINE_MS: {
    default: '600000',
    unit: 'ms',
    description: 'Hard deadline of a call, after which it is cut and its hold is spent.',
  },
  TALLY_READER_STALL_MS: {
    default: '30000',
    unit: 'ms',
    description: 'A caller that reads nothing for this long counts as gone; metering goes on.',
  },
  TALLY_RETRIES_MAX: {
    default: '2',
    unit: 'attempts',
    description:
      'Further attempts of a call after one that was provably not billed: on another source at once, on the same one after a wait. Each has a hold and a receipt of its own.',
  },
  TALLY_RETRY_WAIT_MS_MAX: {
    default: '5000',
    unit: 'ms',
    description: 'Longest wait before a source is asked again; where it asks for a longer one, the caller is told instead.',
  },
  TALLY_UPSTREAM_CONNECTIONS_MAX: { default: '512', unit: 'sockets', description: 'Connections per source.' },
  TALLY_UPSTREAM_HEADERS_MS: { default: '120000', unit: 'ms', description: 'Time for an upstream’s first answer byte.' },
  TALLY_UPSTREAM_IDLE_MS: { default: '120000', unit: 'ms', description: 'Longest silence inside an upstream’s answer.' },
  TALLY_DEFAULT_OUTPUT_MAX: {
    default: '4096',
    unit: 'tokens',
    description: 'Output limit put into a request that names none (less where the model or the cap allows less).',
  },
  TALLY_POOL_TASKS_MAX: { default: '4', unit: 'tasks', description: 'Tasks of the donation pool that run at a time.' },
  TALLY_RECONCILE_LAG_MS: {
    default: '3600000',
    unit: 'ms',
    description:
      'How long an interval must be over before it is reconciled with a provider’s export: providers count late. For the sandbox it is 0.',
  },
  TALLY_ARCHIVE_KEEP_MONTHS: {
    default: '3',
    unit: 'months',
    description:
      'Whole months before the present one that `tally archive` leaves in the books: what is archived can be reconciled with no provider any more.',
  },
  TALLY_SHUTDOWN_MS: {
    default: '10000',
    unit: 'ms',
    description: 'Time that calls in flight get to end at shutdown; then they are cut and their holds spent.',
  },
  TALLY_POOL_PROVIDERS_FILE: {
    default: '',
    description:
      'JSON file of providers that donated keys may be of, beside `anthropic`, `openai`, `google` and the sandbox: name → `dialect`, `base_url`, `models`, `key_pattern`. It may lead a built-in one to another `base_url`.',
  },
  TALLY_POOL_LAUNCH: {
    default: '',
    description:
      'When the community’s project began: a date (`2026-03-01`), a time with its zone, or Unix ms. No task of the donation pool runs in the first 90 days after it. Empty: the first start of these books. What it locks is never unlocked sooner, so a date that would do so stops the start.',
  },
  TALLY_POOL_LOCKOUT_OFF: {
    default: '0',
    description: '`1`: tasks run although the pool is locked; for development only, and said in the log, in the status and with each task.',
  },
  TALLY_POOL_BREACH: {
    default: 'stop',
    description:
      'When an upstream bills beyond what was held for a call on a donated key: `stop` stops the whole pool until the operator starts it again; `freeze` stops that key alone. Evidence is signed and filed in either case.',
  },
  TALLY_POOL_APPROVAL: {
    default: 'operator',
    description: 'Who approves tasks of the pool: `operator`, or `vote`, by which donors do, the operator’s own tasks included.',
  },
  TALLY_POOL_VOTE_WEIGHT: {
    default: 'donor',
    description: '`donor`: one vote each; `tokens`: by what was used of a donor’s gifts, and what may still be used.',
  },
  TALLY_POOL_VOTE_QUORUM_BPS: {
    default: '2000',
    unit: 'hundredths of a percent',
    description: 'Of the weight of all donors, so much must take part in a vote.',
  },
  TALLY_POOL_VOTE_MAJORITY_BPS: {
    default: '5000',
    unit: 'hundredths of a percent',
    description: 'Of the weight that says yes or no, more than so much must say yes. A tie fails.',
  },
  TALLY_POOL_VOTE_MS: { default: '259200000', unit: 'ms', description: 'How long a vote on a task is open.' },
  TALLY_POOL_TIMELOCK_MS: { default: '86400000', unit: 'ms', description: 'How long after a vote that passed the task is queued.' },
  TALLY_SANDBOX: {
    default: '1',
    description: '`1` starts the sandbox upstream as a child process and, on first start, seeds a sandbox source; `0` does neither.',
  },
  TALLY_SANDBOX_CAP: { default: '1000', unit: 'tokens', description: 'Cap of the seeded sandbox source.' },
  TALLY_CHAIN: {
    default: '',
    description:
      '`embedded` starts a chain of the daemon’s own (anvil, chain id 31337, for development: its keys are known to everybody) and deploys the contracts on it; `off` does without. Empty: `embedded`, but `off` with TALLY_MODE=production. `--no-chain` sets `off`.',
  },
  TALLY_CHAIN_PORT: {
    default: '',
    description:
      'Port of the embedded chain, on loopback. Empty: 8545, or a free one where that is taken. One that is named and taken fails.',
  },
  CHAIN_RPC_URL: {
    default: '',
    description:
      'RPC endpoints of a chain, separated by commas: it is used instead of an embedded one, and nothing is deployed on it by itself. May hold a key: no child process inherits it. Beyond loopback https is required, or TALLY_INSECURE_HTTP=1.',
  },
  TALLY_LOG_LEVEL: {
    default: 'info',
    description: '`fatal`, `error`, `warn`, `info`, `debug` or `silent`. Logs go to standard error as JSON lines.',
  },
} as const satisfies Record<string, ConfigKey>;

export type ConfigName = keyof typeof CONFIG_KEYS;
