/** How the story is told: a heading for each act, figures beside what they should be, and an end that says whether all agreed. */
const wrong: string[] = [];

export function act(number: number, title: string): void {
  console.log(`\n${number}. ${title}`);
}

export function say(text: string): void {
  console.log(`   ${text}`);
}

/** Prints a figure and remembers whether it is what it should be. */
export function expect(what: string, found: bigint | number | string | boolean, wanted: bigint | number | string | boolean): void {
  const agrees = found === wanted;
  console.log(`   ${agrees ? 'ok   ' : 'WRONG'} ${what.padEnd(56)} ${found}${agrees ? '' : `, not ${wanted}`}`);
  if (!agrees) wrong.push(what);
}

export function atMost(what: string, found: number, most: number): void {
  const agrees = found <= most;
  console.log(`   ${agrees ? 'ok   ' : 'ABOVE'} ${what.padEnd(56)} ${found.toLocaleString('en')} (at most ${most.toLocaleString('en')})`);
  if (!agrees) wrong.push(what);
}

/** A table of balances. */
export function table(rows: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(rows).map(({ length }) => length));
  for (const [name, value] of Object.entries(rows)) console.log(`     ${name.padEnd(width)}  ${value.padStart(18)}`);
}

/** @returns the exit code. */
export function end(): number {
  console.log(wrong.length === 0 ? '\nEvery figure is what it should be.' : `\n${wrong.length} figures are wrong: ${wrong.join('; ')}.`);
  return wrong.length === 0 ? 0 : 1;
}
