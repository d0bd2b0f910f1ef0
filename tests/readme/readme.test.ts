/** Runs the README: every marked block, in order, against a fresh data folder on a free port. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../house/tree.ts';
import { extractBlocks } from './extract.ts';
import { runBlocks } from './session.ts';

const README = join(ROOT, 'README.md');
const DEFAULT_PORT = '8402';

it('the commands of the README work as written', async (context) => {
  if (!existsSync(README)) context.skip('needs README.md, which is not written yet');
  const port = String(await freePort());
  // The document names the default port; two test runs on one machine must not meet there.
  const blocks = extractBlocks(readFileSync(README, 'utf8').replaceAll(`:${DEFAULT_PORT}`, `:${port}`));
  expect(blocks.length).toBeGreaterThan(0);
  const scratch = mkdtempSync(join(tmpdir(), 'tally-readme-data-'));
  try {
    // The CLI finds the daemon through the same data folder and port as a reader's shell would by default.
    const env = { TALLY_DATA_DIR: join(scratch, 'data'), PORT: port, TMPDIR: scratch };
    const failure = await runBlocks(blocks, { cwd: ROOT, env, block_ms_max: 60_000 });
    expect(failure && `README.md:${failure.line}: ${failure.why}\n${failure.output}`).toBeUndefined();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
