/**
 * The donation pool, in three scenarios: keys are given, a task is asked for over them, and nobody is charged a token more than was given. It
 * starts a gateway of its own in a temporary folder, and a provider that plays its part; both end with it.
 *
 *   npx node examples/donation-pool.ts
 */
import { PoolStage } from '../tests/support/pool.ts';
import { playScenario, SCENARIOS, type Scenario } from '../tests/support/scenarios.ts';

/** One line: what the document of the pool has, and what came of it. @returns whether they agree. */
function line(what: string, document: number, found: number): boolean {
  const [a, b] = [document, found].map((value) => value.toLocaleString('en').padStart(12));
  console.log(`  ${what.padEnd(24)}${a}${b}  ${document === found ? 'as written' : 'DIFFERS'}`);
  return document === found;
}

async function show(pool: PoolStage, scenario: Scenario): Promise<boolean> {
  const { answer, ids } = await playScenario(pool, scenario);
  const { tokens, keysUsed, switches, left } = scenario.foreseen;
  console.log(`${scenario.name}: ${scenario.title}`);
  console.log(`${'the document'.padStart(38)}${'here'.padStart(12)}`);
  const agree = [
    line('tokens used', tokens, answer.tokens_used),
    line('keys used', keysUsed, answer.keys_used),
    line('switches', switches, answer.switches.length),
  ];
  for (const [letter, foreseen] of Object.entries(left)) {
    const id = ids[letter] ?? '';
    agree.push(line(`left of key ${letter}`, foreseen, (await pool.account(id)).left));
    // What the provider itself has counted for the key, beside what its donor gave.
    const billed = pool.upstream.billed.get(`sk-scenario-${scenario.name}-${letter}`) ?? 0;
    agree.push(billed <= (scenario.keys[letter] ?? 0));
    await pool.post(`/donations/${id}/destroy`, {});
  }
  return agree.every((each) => each) && answer.success;
}

const pool = await PoolStage.open();
try {
  const agree: boolean[] = [];
  for (const scenario of Object.values(SCENARIOS)) agree.push(await show(pool, scenario));
  const isAll = agree.every((each) => each);
  console.log(isAll ? 'every figure as the document has it, and no key charged beyond its cap' : 'some figures differ');
  process.exitCode = isAll ? 0 : 1;
} finally {
  await pool.close();
}
