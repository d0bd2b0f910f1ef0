import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/longest-first.ts';

// `npm run test:long` sets TALLY_TEST_LONG=1; the deep forms in tests/long/ run only then.
const long = process.env.TALLY_TEST_LONG === '1';

// The tests start some hundred processes from source: each need not strip and compile it anew.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'tallystick-compile-cache');

/** They change what other files would see in the same process: core's keccak, the clock, the disk. */
const CHANGE_SHARED = [
  'packages/core/src/crypto/keccak.test.ts',
  'packages/server/src/gateway/closing.test.ts',
  'packages/server/src/app/workers/carried-secrets.test.ts',
  'packages/server/src/vault/crash.test.ts',
];
const NEVER = ['**/node_modules/**', '.build/**', ...(long ? [] : ['tests/long/**'])];

export default defineConfig({
  test: {
    // node:sqlite announces itself as experimental in every worker.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // What hangs is found; what is slow, on a machine with other work, is not called wrong: no test asks how long anything took.
    testTimeout: long ? 3_600_000 : 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A process for each file costs more than most files of the packages do. Core is by itself: the server gives it another keccak.
    projects: [
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['tests/**/*.test.ts', ...CHANGE_SHARED],
          exclude: NEVER,
          // Offers a PostgreSQL to the tests; it starts when the first of them asks.
          globalSetup: ['tests/support/postgres-setup.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'core', include: ['packages/core/src/**/*.test.ts'], exclude: [...NEVER, ...CHANGE_SHARED], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['packages/{cli,sandbox,server}/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
          exclude: [...NEVER, ...CHANGE_SHARED],
          isolate: false,
        },
      },
    ],
  },
});
