import { checkUint } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import { TOKEN_UNITS, UNITS } from '../units.ts';
import { lineAmount, type Quantity } from './price.ts';
import type { Tariff, TariffLine } from './tariff.ts';

const TOKEN_UNIT_IDS: ReadonlySet<number> = new Set(TOKEN_UNITS.map((name) => UNITS[name]));

/**
 * The most that a call of at most `tokens` tokens can cost, however they fall into classes: the hold's credit amount.
 *
 * It is the maximum over token classes of price × bound, rounded up, and one base unit more for every further class that could have a
 * line of its own: lines are rounded up one by one, so a call that splits its tokens over k classes can cost up to k − 1 more.
 * @param tokens upper bound of all token classes together.
 * @param others exact quantities of units that are not tokens (requests, images); they are priced on top.
 * @returns credit base units.
 * @throws TallyError INPUT_INVALID where the tariff prices no class of tokens, or a value is out of range.
 */
export function boundAmount(tariff: Tariff, tokens: bigint, others: readonly Quantity[] = []): bigint {
  const bound = checkUint(64, tokens, 'tokens');
  const rest = others.reduce((sum, other) => sum + lineAmount(other, tariff), 0n);
  return checkUint(128, (bound === 0n ? 0n : tokensAmount(tariff, bound)) + rest, 'amount');
}

function tokensAmount(tariff: Tariff, bound: bigint): bigint {
  const classes = tariff.lines.filter((line) => TOKEN_UNIT_IDS.has(line.unit));
  const dearest = classes.reduce<TariffLine | undefined>(
    (best, line) => (best === undefined || dearer(line, best) ? line : best),
    undefined,
  );
  if (dearest === undefined) throw new TallyError('INPUT_INVALID', 'The tariff prices no class of tokens.');
  const priced = BigInt(classes.filter((line) => line.price > 0n).length);
  const lines = priced < bound ? priced : bound;
  return lineAmount({ unit: dearest.unit, quantity: bound }, tariff) + (lines > 1n ? lines - 1n : 0n);
}

/** a.price ÷ a.per > b.price ÷ b.per, without a fraction. */
function dearer(a: TariffLine, b: TariffLine): boolean {
  return a.price * b.per > b.price * a.per;
}
