import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { About } from './about.ts';
import { ask } from './ask.ts';
import type { Books } from './books.ts';
import { House } from './house.ts';
import { machine } from './machine.ts';
import type { CommonOptions } from './options.ts';
import { portkey, portkeyVersion, refusalOf } from './portkey.ts';
import { direct, passthrough, type Subject } from './subjects.ts';
import { type Tallystick, tallystick } from './tallystick.ts';
import type { Told, UpstreamAsk } from './upstream-asks.ts';

/** All that runs in one benchmark: the upstream, every subject, and who calls them. */
export type Stage = {
  readonly house: House;
  readonly upstream: ChildProcess;
  readonly callers: ChildProcess;
  readonly subjects: readonly Subject[];
  readonly about: About;
  /** The subjects that serve a dialect. */
  serving(dialect: string): readonly Subject[];
  /** Reads Tallystick's books while all is running, then stops everything, Tallystick as its operator would stop it. */
  close(): Promise<Books>;
};

/** @param what is going to be asked of the subjects. @param env Tallystick's configuration beyond the defaults. */
export async function setStage(
  options: CommonOptions,
  what: 'json' | 'stream',
  env: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  if (options.profile !== null) mkdirSync(options.profile, { recursive: true });
  const house = new House();
  const { child: upstream, port } = await house.fork('upstream');
  const { child: callers } = await house.fork(what === 'json' ? 'load' : 'callers');
  const profile = options.profile === null ? null : resolve(options.profile);
  const ours = await tallystick(house, port, { dialects: options.dialects, profile, env });
  const peer = await portkey(house, port, options.portkey);
  const subjects = [direct(port), await passthrough(house, port), ours.subject, peer];
  const { refusing, leftOut } = await leftOutOf(peer, options, what);
  return {
    house,
    upstream,
    callers,
    subjects,
    about: { machine: machine(house.folder), portkey: portkeyVersion(options.portkey), profiled: profile !== null, leftOut },
    serving: (dialect) => subjects.filter((subject) => subject !== peer || !refusing.has(dialect)),
    close: () => close(house, ours, upstream, callers),
  };
}

/** A peer that cannot do something is left out of it, with its own words. */
async function leftOutOf(peer: Subject, { dialects }: CommonOptions, what: 'json' | 'stream') {
  const refusing = new Set<string>();
  const leftOut: string[] = [];
  for (const dialect of dialects) {
    const said = await refusalOf(peer, dialect, what);
    if (said === null) continue;
    refusing.add(dialect.name);
    leftOut.push(`${peer.name}, ${dialect.name}, ${what === 'json' ? 'JSON' : 'streams'}: it answers ${said}`);
  }
  return { refusing, leftOut };
}

async function close(house: House, ours: Tallystick, upstream: ChildProcess, callers: ChildProcess): Promise<Books> {
  const books = await ours.books(async () => (await ask<Told>(upstream, {} satisfies UpstreamAsk, 'the upstream')).served);
  for (const child of [ours.subject.child, callers, upstream]) if (child !== null) await house.stop(child);
  return books;
}
