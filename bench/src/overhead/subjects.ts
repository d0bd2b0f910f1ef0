import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { House } from './house.ts';

export const SUBJECTS = ['direct', 'pass-through', 'Tallystick', 'Portkey'] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** One way from the load generator to the upstream. */
export type Subject = {
  readonly name: SubjectName;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The process that stands between; none for direct. */
  readonly child: ChildProcess | null;
};

const ROUTE = '/v1/chat/completions';

export function direct(upstreamPort: number): Subject {
  return { name: 'direct', url: `http://127.0.0.1:${upstreamPort}${ROUTE}`, headers: { authorization: 'Bearer sk-direct' }, child: null };
}

export async function passthrough(house: House, upstreamPort: number): Promise<Subject> {
  const { child, port } = await house.fork('passthrough', [`http://127.0.0.1:${upstreamPort}`]);
  return { name: 'pass-through', url: `http://127.0.0.1:${port}${ROUTE}`, headers: { authorization: 'Bearer sk-passthrough' }, child };
}

/** Portkey's gateway from npm, started by the program that it ships, in the form that it has in production: no pages, no log stream. */
export async function portkey(house: House, upstreamPort: number): Promise<Subject> {
  const manifest = createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: string };
  const port = await freePort();
  const { child } = await house.spawn('portkey', [join(dirname(manifest), bin), `--port=${port}`, '--headless']);
  await answering(`http://127.0.0.1:${port}/`);
  const headers = {
    authorization: 'Bearer sk-portkey',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
  };
  return { name: 'Portkey', url: `http://127.0.0.1:${port}${ROUTE}`, headers, child };
}

export function portkeyVersion(): string {
  const manifest = createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** For a program that cannot be asked to take any free port and say which. */
function freePort(): Promise<number> {
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
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}
