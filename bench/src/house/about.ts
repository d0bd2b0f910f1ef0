import { type Machine, MEMORY_FILESYSTEM } from './machine.ts';

/** What every report begins with. */
export type About = {
  readonly machine: Machine;
  readonly portkey: string;
  readonly profiled: boolean;
  /** Why a subject is left out of something, one line each. */
  readonly leftOut: readonly string[];
};

export function machineLine({ date, cpu, cores, node, filesystem }: Machine): string {
  return `${date}, ${cpu}, ${cores} cores, Node ${node}, ${filesystem}`;
}

export function heading({ machine, portkey }: About): string {
  return `${machineLine(machine)}, Portkey ${portkey}`;
}

export function memoryWarning({ filesystem }: Machine): readonly string[] {
  if (filesystem !== MEMORY_FILESYSTEM) return [];
  return ['ATTENTION: the data folder is in memory, where a durable commit costs nothing; set TMPDIR to a folder on a disk.'];
}

export function warnings({ machine, profiled, leftOut }: About): readonly string[] {
  const found = [...memoryWarning(machine)];
  if (profiled) found.push('ATTENTION: Tallystick ran under a profiler; its figures are too slow to quote.');
  return [...found, ...leftOut.map((line) => `LEFT OUT: ${line}`)];
}
