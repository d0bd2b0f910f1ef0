/** `npm run sim -- --seed N --steps M`: the simulation. See docs/reference/simulation.md. */
import { parseArgs } from 'node:util';
import { plant } from './bugs.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '250000' },
    world: { type: 'string' },
    bug: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const whole = (text: string) => {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`not a whole number: ${text}`);
  return Number(text);
};

const planted = values.bug === undefined ? null : plant(values.bug);
// Only now, so that the bug is in what is loaded.
const { run } = await import('./run.ts');
const { tell } = await import('./tell.ts');
const seed = whole(values.seed);
const startedAt = performance.now();
const report = await run({ seed, steps: whole(values.steps), world: values.world === undefined ? undefined : whole(values.world) });
planted?.();
process.stdout.write(tell(report, seed, performance.now() - startedAt, values.json));
process.exitCode = report.violation === null ? 0 : 1;
