/**
 * `npm run coverage:contracts`: which lines of the contracts the tests reach. Read it to find what no test reaches, not as a mark: it is measured as `npm test` compiles,
 * without the optimiser (or lines would have no place in the bytecode), which is not what is deployed.
 */

import { NO_FORGE } from '../contracts/tools/foundry.js';
import { forge } from './forge.ts';

const ARGS = ['coverage', '--report', 'summary', '--no-match-coverage', '^(contracts/test|contracts/script|node_modules)/'];

/** Only the table: what forge says of each test stands in `npm test`. */
export function tableOf(out: string): string | undefined {
  const rows = out.split('\n').filter((line) => /^[|╭╰+]/.test(line));
  const from = rows.findIndex((row) => row.includes('% Lines'));
  return from < 0 ? undefined : rows.slice(Math.max(0, from - 1)).join('\n');
}

async function main(): Promise<number> {
  // Gas is another without the optimiser, and a table of calls between tests would end in ours.
  const ran = await forge([...ARGS, '--no-match-path', 'contracts/test/gas/*'], {
    FOUNDRY_PROFILE: 'quick',
    FOUNDRY_INVARIANT_SHOW_METRICS: 'false',
  });
  const table = ran === undefined ? undefined : tableOf(ran.out);
  if (ran === undefined || ran.code !== 0 || table === undefined) {
    console.error(ran?.out ?? NO_FORGE);
    return 1;
  }
  console.log(table);
  console.log('Measured without the optimiser, which is not what is deployed. Look for what no test reaches.');
  return 0;
}

if (import.meta.main) process.exitCode = await main();
