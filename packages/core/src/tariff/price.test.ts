import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TOKEN_UNITS, UNITS } from '../units.ts';
import { boundAmount } from './bound-amount.ts';
import { lineAmount, priceOf, quantitiesOf } from './price.ts';
import { FREE_TARIFF, type Tariff, tariffId, tariffOf } from './tariff.ts';

const TARIFF = tariffOf(1, [
  { unit: UNITS.input, price: 2_500_000n, per: 1_000_000n },
  { unit: UNITS.cached_input, price: 1_250_000n, per: 1_000_000n },
  { unit: UNITS.output, price: 10_000_000n, per: 1_000_000n },
]);

test('each line is rounded up by itself', () => {
  const priced = priceOf(
    [
      { unit: UNITS.output, quantity: 7n },
      { unit: UNITS.input, quantity: 3n },
      { unit: UNITS.reasoning, quantity: 0n },
    ],
    TARIFF,
  );
  expect(priced.lines).toEqual([
    { unit: UNITS.input, quantity: 3n, amount: 8n },
    { unit: UNITS.output, quantity: 7n, amount: 70n },
  ]);
  expect(priced.amount).toBe(78n);
});

test('classes without a price of their own cost what input or output costs', () => {
  expect(lineAmount({ unit: UNITS.reasoning, quantity: 2n }, TARIFF)).toBe(20n);
  expect(lineAmount({ unit: UNITS.cache_write_1h, quantity: 2n }, TARIFF)).toBe(5n);
  expect(lineAmount({ unit: UNITS.cached_input, quantity: 2n }, TARIFF)).toBe(3n);
  expect(() => tariffOf(1, [{ unit: UNITS.input, price: 1n, per: 1n }])).toThrow(/output/);
});

test('units without a price, doubled units and overflow are refused', () => {
  expect(() => priceOf([{ unit: UNITS.image, quantity: 1n }], TARIFF)).toThrow(/does not price/);
  expect(() =>
    priceOf(
      [
        { unit: 1, quantity: 1n },
        { unit: 1, quantity: 1n },
      ],
      TARIFF,
    ),
  ).toThrow(/named twice/);
  expect(() => priceOf([{ unit: 1, quantity: -1n }], TARIFF)).toThrow(/quantity/);
  const dear: Tariff = { version: 1, lines: [{ unit: 1, price: 2n ** 128n - 1n, per: 1n, rounding: 1 }] };
  expect(lineAmount({ unit: 1, quantity: 1n }, dear)).toBe(2n ** 128n - 1n);
  expect(() => lineAmount({ unit: 1, quantity: 2n }, dear)).toThrow(/amount/);
});

test('a tariff that could be read in two ways has no id', () => {
  const line = { unit: 1, price: 1n, per: 1n, rounding: 1 } as const;
  const bad: readonly Tariff['lines'][] = [
    [line, line],
    [{ ...line, unit: 2 }, line],
    [{ ...line, per: 0n }],
    [{ ...line, rounding: 0 as 1 }],
    Array.from({ length: 65 }, (_, i) => ({ ...line, unit: i })),
  ];
  for (const lines of bad) expect(() => tariffId({ version: 1, lines })).toThrow();
  expect(tariffId(FREE_TARIFF)).not.toBe(tariffId({ ...FREE_TARIFF, version: 2 }));
});

test('no way to spend the bound costs more than the bound’s amount', () => {
  const classes = fc.array(fc.record({ price: fc.bigInt({ min: 0n, max: 50n }), per: fc.bigInt({ min: 1n, max: 20n }) }), {
    minLength: 6,
    maxLength: 6,
  });
  const split = fc.array(fc.bigInt({ min: 0n, max: 12n }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(classes, split, fc.bigInt({ min: 0n, max: 5n }), (prices, quantities, spare) => {
      const lines = prices.map((one, i) => ({ ...one, unit: i + 1, rounding: 1 }) as const);
      const tariff = { version: 1, lines };
      const used = quantities.reduce((sum, quantity) => sum + quantity, 0n);
      const usage = Object.fromEntries(TOKEN_UNITS.map((name, i) => [name, quantities[i]])) as Parameters<typeof quantitiesOf>[0];
      expect(priceOf(quantitiesOf(usage), tariff).amount).toBeLessThanOrEqual(boundAmount(tariff, used + spare));
    }),
  );
});

test('the bound’s amount is tight where rounding cannot add, and prices other units on top', () => {
  expect(boundAmount(TARIFF, 0n)).toBe(0n);
  expect(boundAmount(TARIFF, 1n)).toBe(10n);
  expect(boundAmount(FREE_TARIFF, 1_000n)).toBe(0n);
  const withImage: Tariff = { ...TARIFF, lines: [...TARIFF.lines, { unit: UNITS.image, price: 40_000n, per: 1n, rounding: 1 }] };
  expect(boundAmount(withImage, 1n, [{ unit: UNITS.image, quantity: 2n }])).toBe(80_010n);
  expect(() => boundAmount({ version: 1, lines: [] }, 1n)).toThrow(/no class of tokens/);
});
