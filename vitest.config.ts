import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// `npm run test:long` sets TALLY_TEST_LONG=1; the deep forms in tests/long/ run only then.
const long = process.env.TALLY_TEST_LONG === '1';

// The tests start some hundred processes from source: each need not strip and compile it anew.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'tallystick-compile-cache');

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', '.build/**', ...(long ? [] : ['tests/long/**'])],
    // Offers a PostgreSQL to the tests; it starts when the first of them asks.
    globalSetup: ['tests/support/postgres-setup.ts'],
    // node:sqlite announces itself as experimental in every worker.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: long ? 3_600_000 : 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
