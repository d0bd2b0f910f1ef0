import type { Both, Measured, Setting } from './figures.ts';
import type { Options } from './options.ts';
import type { Subject } from './subject.ts';

/** All settings in every round, each of both sides one right after the other; which goes first changes from round to round. */
export async function paired(mine: Subject, other: Subject, settings: readonly Setting[], options: Options): Promise<readonly Measured[]> {
  const measured = settings.map((setting) => ({ setting, rounds: [] as Both[] }));
  for (let number = 1; number <= options.rounds; number += 1) {
    for (const { setting, rounds } of measured) {
      tell(`round ${number} of ${options.rounds}`);
      const job = { ...setting, ms: options.phaseMs };
      const first = await (number % 2 === 0 ? other : mine).load(job);
      const second = await (number % 2 === 0 ? mine : other).load(job);
      rounds.push(number % 2 === 0 ? { mine: second, other: first } : { mine: first, other: second });
    }
  }
  tell('');
  return measured;
}

/** Where a person looks on, how far it is. */
export function tell(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${progress.padEnd(60)}\r`);
}
