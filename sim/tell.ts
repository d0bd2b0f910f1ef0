import type { RunReport } from './run.ts';

/** @param ms that the run took. @returns the report as text, or as one line of JSON. */
export function tell({ steps, worlds, violation, hash, counts }: RunReport, seed: number, ms: number, asJson: boolean): string {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  if (asJson) return `${JSON.stringify({ seed, steps, worlds, violation, hash, counts: Object.fromEntries(sorted) })}\n`;
  const speed = Math.round(steps / (ms / 1_000));
  const lines = [
    `seed ${seed}: ${steps} steps in ${worlds} worlds, ${(ms / 1_000).toFixed(1)} s, ${speed} steps/s`,
    ...sorted.map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`),
    `trace ${hash}`,
  ];
  if (violation === null) return `${lines.join('\n')}\n0 violations\n`;
  const { world, step, what, trace } = violation;
  const again = `again: npm run sim -- --seed ${seed} --world ${world} --steps ${steps}`;
  return `${lines.join('\n')}\n\n${trace.join('\n')}\n\n1 violation in world ${world}, step ${step}: ${what}\n${again}\n`;
}
