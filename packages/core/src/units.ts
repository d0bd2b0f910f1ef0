/**
 * The registry of billable units. The number is the `uint16 unit` of a receipt's `UsageLine` and is frozen:
 * a new unit takes a new number, an old one never changes its meaning.
 *
 * Lines are disjoint: `input` is uncached input only, `output` is visible output only.
 */
export const UNITS = {
  input: 1,
  cached_input: 2,
  cache_write_5m: 3,
  cache_write_1h: 4,
  output: 5,
  reasoning: 6,
  image: 7,
  gpu_ms: 8,
  request: 9,
} as const;

export type UnitName = keyof typeof UNITS;
export type UnitId = (typeof UNITS)[UnitName];

/** The units that count as tokens against a token cap. */
export const TOKEN_UNITS: readonly UnitName[] = ['input', 'cached_input', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning'];

const namesById = new Map<number, UnitName>(Object.entries(UNITS).map(([name, id]) => [id, name as UnitName]));

/** @returns the unit's name, or undefined where the number is not registered. */
export function unitName(id: number): UnitName | undefined {
  return namesById.get(id);
}

/** The largest amount that a balance may hold: 2^62 (fits SQLite's and PostgreSQL's signed 64-bit integers with room to add). */
export const AMOUNT_MAX = 2n ** 62n;

/** Credits have 6 decimals: one credit is 1,000,000 base units. */
const CREDIT_UNITS = 1_000_000n;

/** @param amount credit base units, not negative. @returns credits with all six decimals, such as `0.002195`. */
export function creditsText(amount: bigint): string {
  return `${amount / CREDIT_UNITS}.${String(amount % CREDIT_UNITS).padStart(6, '0')}`;
}
