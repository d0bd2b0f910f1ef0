import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Dialect } from '../dialects/dialect.ts';
import { ANSWER_ID } from '../dialects/text.ts';
import type { House } from './house.ts';
import type { Subject } from './subjects.ts';

const PACKAGE = '@portkey-ai/gateway';
const ERROR_TEXT_MAX = 160;
const ANSWER_MS_MAX = 10_000;

/**
 * Portkey's gateway from npm, started by the program that it ships, in the form that it has in production: no pages, no log stream.
 * It has OpenAI's and Anthropic's routes. Google's own it has not, but what it does not know it forwards as it is to the provider named.
 * @param folder where another installation of it is; null for the one that comes with the benchmark.
 */
export async function portkey(house: House, upstreamPort: number, folder: string | null): Promise<Subject> {
  const { file, bin } = manifest(folder);
  const port = await freePort();
  const { child } = await house.spawn('portkey', [join(dirname(file), bin), `--port=${port}`, '--headless']);
  await answering(`http://127.0.0.1:${port}/`);
  const way = (dialect: Dialect, path: string) => ({
    url: `http://127.0.0.1:${port}${path.replace(dialect.base, '/v1')}`,
    headers: {
      ...dialect.keyHeader('sk-portkey'),
      'x-portkey-provider': dialect.name,
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}${dialect.base}`,
    },
  });
  return { name: 'Portkey', child, way };
}

export function portkeyVersion(folder: string | null): string {
  return manifest(folder).version;
}

/** What a subject says to one call, where that is not the upstream's answer; null where it is. */
export async function refusalOf(subject: Subject, dialect: Dialect, what: 'json' | 'stream'): Promise<string | null> {
  const { path } = dialect[what];
  const { url, headers } = subject.way(dialect, path);
  const body = what === 'json' ? dialect.json.body : dialect.stream.body('probe');
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, signal });
  const text = await response.text();
  const expected = what === 'json' ? ANSWER_ID : dialect.stream.end.trim();
  return response.ok && text.includes(expected) ? null : `${response.status} ${text.slice(0, ERROR_TEXT_MAX)}`;
}

function manifest(folder: string | null): { readonly file: string; readonly bin: string; readonly version: string } {
  const from = folder === null ? import.meta.url : join(resolve(folder), 'package.json');
  const file = createRequire(from).resolve(`${PACKAGE}/package.json`);
  return { file, ...(JSON.parse(readFileSync(file, 'utf8')) as { bin: string; version: string }) };
}

/** For a program that cannot be asked to take any free port and say which. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}
