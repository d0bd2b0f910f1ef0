/** docs/reference/gas.md: the recorded figures of contracts/gas.json, by suite, beside what the design's prototype took. */
import { type Figures, recorded } from './gas.ts';
import { table } from './markdown.ts';

/** What the prototype of the design took, for one channel or receipt, with everything in it: what the contracts must beat. */
const PROTOTYPE: readonly { readonly name: string; readonly each: number; readonly what: string }[] = [
  { name: 'Money: claim of 200 channels, per channel with calldata and transaction', each: 20_400, what: 'per channel, in a claim of 200' },
  { name: 'Batch: post of 10000 receipts, with calldata and transaction', each: 38, what: 'per receipt, in a batch of 10,000 with BLS' },
];

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });

/** `claim of 200 channels` counts 200 channels; a name that says `per` is of one already. */
function perItem(name: string, gas: number): string {
  const [, count, item] = /\bof ([\d,]+) (channel|receipt)s\b(?!.*\bper\b)/.exec(name) ?? [];
  return count === undefined ? '' : `${number(gas / Number(count.replaceAll(',', '')))} a ${item}`;
}

function comparison(figures: Figures): string[] {
  const rows = PROTOTYPE.flatMap(({ name, each, what }) => {
    const gas = figures[name];
    if (gas === undefined) return [];
    const [, count = '1'] = /\bof (\d+) receipts/.exec(name) ?? [];
    return [[what, number(each), number(gas / Number(count))]];
  });
  return rows.length === 0 ? [] : ['## Beside the prototype', table(['What', 'Prototype', 'Now'], rows)];
}

export function gasPage(figures: Figures = recorded()): string {
  const names = Object.keys(figures);
  const suites = [...new Set(names.map((name) => name.split(': ')[0] ?? ''))];
  const sections = suites.flatMap((suite) => {
    const rows = names
      .filter((name) => name.startsWith(`${suite}: `))
      .map((name) => [name.slice(suite.length + 2), number(figures[name] ?? 0), perItem(name, figures[name] ?? 0)]);
    return [`## ${suite}`, table(['Case', 'Gas', 'Each'], rows)];
  });
  return [...comparison(figures), ...sections].join('\n\n');
}
