import { checkUint } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import type { UsageLine } from '../receipt/types.ts';
import { TOKEN_UNITS, UNITS } from '../units.ts';
import type { Usage } from '../usage/usage.ts';
import type { Tariff } from './tariff.ts';

/** How much of one unit was used. */
export type Quantity = { readonly unit: number; readonly quantity: bigint };
/** `amount` = Σ of the lines' amounts, credit base units. */
export type Priced = { readonly lines: readonly UsageLine[]; readonly amount: bigint };

/** @returns ceil(quantity × price ÷ per), credit base units. @throws TallyError INPUT_INVALID where the tariff does not price the unit. */
export function lineAmount({ unit, quantity }: Quantity, tariff: Tariff): bigint {
  const line = tariff.lines.find((candidate) => candidate.unit === unit);
  if (line === undefined) throw new TallyError('INPUT_INVALID', 'The tariff does not price this unit.', { unit });
  const units = checkUint(64, quantity, 'quantity');
  return checkUint(128, (units * line.price + line.per - 1n) / line.per, 'amount');
}

/**
 * Prices usage by a tariff: a line per unit used, ascending by unit, each rounded up by itself; zero quantities have no line.
 * @throws TallyError INPUT_INVALID on a unit without a price, a unit named twice, or a value out of range.
 */
export function priceOf(quantities: readonly Quantity[], tariff: Tariff): Priced {
  const used = quantities.filter(({ quantity }) => quantity !== 0n).sort((a, b) => a.unit - b.unit);
  for (const [i, { unit }] of used.entries()) {
    if (used[i + 1]?.unit === unit) throw new TallyError('INPUT_INVALID', 'A unit is named twice.', { unit });
  }
  const lines = used.map(({ unit, quantity }) => ({ unit, quantity, amount: lineAmount({ unit, quantity }, tariff) }));
  return { lines, amount: linesAmount(lines) };
}

/** @returns Σ of the lines' amounts, checked to be a uint128. @throws TallyError INPUT_INVALID */
export function linesAmount(lines: readonly UsageLine[]): bigint {
  return checkUint(
    128,
    lines.reduce((sum, line) => sum + line.amount, 0n),
    'amount',
  );
}

/** @returns the classes of tokens as quantities of units, zeros included. */
export function quantitiesOf(usage: Usage): readonly Quantity[] {
  return TOKEN_UNITS.map((name) => ({ unit: UNITS[name], quantity: usage[name as keyof Usage] }));
}
