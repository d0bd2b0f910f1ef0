import { type Machine, MEMORY_FILESYSTEM } from './machine.ts';

/** What every report begins with. */
export type About = {
  readonly machine: Machine;
  readonly portkey: string;
  readonly profiled: boolean;
  /** Why a subject is left out of something, one line each. */
  readonly leftOut: readonly string[];
};

export function heading({ machine, portkey }: About): string {
  return `${machine.date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.filesystem}, Portkey ${portkey}`;
}

export function warnings({ machine, profiled, leftOut }: About): readonly string[] {
  const found: string[] = [];
  if (machine.filesystem === MEMORY_FILESYSTEM) {
    found.push('ATTENTION: the data folder is in memory, where a durable commit costs nothing; set TMPDIR to a folder on a disk.');
  }
  if (profiled) found.push('ATTENTION: Tallystick ran under a profiler; its figures are too slow to quote.');
  return [...found, ...leftOut.map((line) => `LEFT OUT: ${line}`)];
}
