import type { ChildProcess } from 'node:child_process';
import type { Dialect } from '../dialects/dialect.ts';
import type { House } from './house.ts';

export const SUBJECTS = ['direct', 'pass-through', 'Tallystick', 'Portkey'] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** Where a request goes on the way through a subject. */
export type Way = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** One way from the caller to the upstream. */
export type Subject = {
  readonly name: SubjectName;
  /** The process that stands between; none for direct. */
  readonly child: ChildProcess | null;
  /** @param path as the provider has it, query included. */
  way(dialect: Dialect, path: string): Way;
};

export function direct(upstreamPort: number): Subject {
  return straight('direct', null, upstreamPort, 'sk-direct');
}

export async function passthrough(house: House, upstreamPort: number): Promise<Subject> {
  const { child, port } = await house.fork('passthrough', [`http://127.0.0.1:${upstreamPort}`]);
  return straight('pass-through', child, port, 'sk-passthrough');
}

function straight(name: SubjectName, child: ChildProcess | null, port: number, key: string): Subject {
  return { name, child, way: (dialect, path) => ({ url: `http://127.0.0.1:${port}${path}`, headers: dialect.keyHeader(key) }) };
}
