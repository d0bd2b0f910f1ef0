import { hashArray, typeHash } from '../crypto/eip712.ts';
import { Packer } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import type { PriceFact } from '../facts/types.ts';
import type { Hex } from '../receipt/types.ts';
import { TOKEN_UNITS, UNITS, type UnitName } from '../units.ts';

/** The only rounding there is: up, per line. The number is OpenZeppelin's `Math.Rounding.Ceil`. */
export const ROUND_UP = 1;

/** `price` credit base units for every `per` units. */
export type TariffLine = { readonly unit: number; readonly price: bigint; readonly per: bigint; readonly rounding: typeof ROUND_UP };
/** Lines in strictly ascending order of unit: one tariff has one hash. */
export type Tariff = { readonly version: number; readonly lines: readonly TariffLine[] };

export const TARIFF_LINES_MAX = 64;
export const TARIFF_LINE_TYPE = 'TariffLine(uint16 unit,uint128 price,uint64 per,uint8 rounding)';
export const TARIFF_TYPE = `Tariff(uint32 version,TariffLine[] lines)${TARIFF_LINE_TYPE}`;
const LINE_TYPE_HASH = typeHash(TARIFF_LINE_TYPE);
const TYPE_HASH = typeHash(TARIFF_TYPE);

/**
 * The `tariffId` of receipts: the EIP-712 struct hash, without a domain, so that one tariff has one id on every chain.
 * @throws TallyError INPUT_INVALID on a value out of range, `per` 0, an unknown rounding, or units not strictly ascending.
 */
export function tariffId(tariff: Tariff): Hex {
  checkTariff(tariff);
  const lines = tariff.lines.map((line) =>
    new Packer(5 * 32)
      .bytes32(LINE_TYPE_HASH, 'line type')
      .word(16, line.unit, 'unit')
      .word(128, line.price, 'price')
      .word(64, line.per, 'per')
      .word(8, line.rounding, 'rounding')
      .keccak(),
  );
  return new Packer(3 * 32)
    .bytes32(TYPE_HASH, 'tariff type')
    .word(32, tariff.version, 'version')
    .bytes32(hashArray(lines, 'lines'), 'lines')
    .keccak();
}

function checkTariff(tariff: Tariff): void {
  if (tariff.lines.length > TARIFF_LINES_MAX) throw new TallyError('INPUT_INVALID', `A tariff has at most ${TARIFF_LINES_MAX} lines.`);
  let last = -1;
  for (const { unit, per, rounding } of tariff.lines) {
    if (unit <= last) throw new TallyError('INPUT_INVALID', 'A tariff’s units must be strictly ascending.', { unit });
    if (per === 0n) throw new TallyError('INPUT_INVALID', 'A tariff’s per must not be 0.', { unit });
    if (rounding !== ROUND_UP) throw new TallyError('INPUT_INVALID', 'A tariff’s rounding must be 1 (up).', { unit });
    last = unit;
  }
}

/** Providers price a class only where it differs: the class whose price then holds. */
const FALLBACK: Partial<Record<UnitName, UnitName>> = {
  cached_input: 'input',
  cache_write_5m: 'input',
  cache_write_1h: 'input',
  reasoning: 'output',
};

/**
 * A tariff that prices every class of tokens: those that `prices` leaves out cost what `input` or `output` costs.
 * @param prices at most one per unit, in any order.
 * @throws TallyError INPUT_INVALID where neither a class nor its fallback has a price.
 */
export function tariffOf(version: number, prices: readonly PriceFact[]): Tariff {
  const lines = prices.map(({ unit, price, per }) => ({ unit, price, per, rounding: ROUND_UP }) as const);
  for (const name of TOKEN_UNITS) {
    const unit = UNITS[name];
    if (prices.some((price) => price.unit === unit)) continue;
    const fallback = prices.find((price) => price.unit === UNITS[FALLBACK[name] ?? name]);
    if (fallback === undefined) throw new TallyError('INPUT_INVALID', `The tariff has no price for ${name}.`, { unit });
    lines.push({ unit, price: fallback.price, per: fallback.per, rounding: ROUND_UP });
  }
  const tariff = { version, lines: lines.sort((a, b) => a.unit - b.unit) };
  checkTariff(tariff);
  return tariff;
}

/** Everything at price 0: donated supply. */
export const FREE_TARIFF: Tariff = {
  version: 1,
  lines: Object.values(UNITS).map((unit) => ({ unit, price: 0n, per: 1n, rounding: ROUND_UP })),
};
