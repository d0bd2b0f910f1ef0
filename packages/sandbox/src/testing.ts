import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from './sandbox.ts';
import type { KeyUsage } from './usage-store.ts';

/** A sandbox for one test file, with a folder of its own that `close` removes. */
export async function testSandbox() {
  const dataDir = mkdtempSync(join(tmpdir(), 'tallystick-sandbox-'));
  const sandbox = await startSandbox({ dataDir });
  const call = (method: string, path: string, key: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(sandbox.url + path, {
      method,
      redirect: 'manual',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    url: sandbox.url,
    port: sandbox.port,
    dataDir,
    get: (path: string, key: string) => call('GET', path, key),
    post: (path: string, key: string, body: unknown, headers?: Readonly<Record<string, string>>) => call('POST', path, key, body, headers),
    usage: async (key: string) => (await (await call('GET', '/sandbox/usage', key)).json()) as KeyUsage,
    close: async () => {
      await sandbox.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export type TestSandbox = Awaited<ReturnType<typeof testSandbox>>;
