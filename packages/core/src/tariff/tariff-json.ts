import { z } from 'zod';
import { TallyError } from '../errors.ts';
import { UNITS, type UnitName } from '../units.ts';
import { FREE_TARIFF, type Tariff, tariffOf } from './tariff.ts';

const decimal = z.string().regex(/^(0|[1-9]\d{0,30})$/, 'must be a decimal string');
const line = z.strictObject({ unit: z.enum(Object.keys(UNITS) as [UnitName, ...UnitName[]]), price: decimal, per: decimal });
const schema = z.array(line).max(Object.keys(UNITS).length);

/**
 * Reads tariff lines as an operator writes them: `[{"unit":"input","price":"2500000","per":"1000000"}]`, credit base units for every
 * `per` units. An empty list is the free tariff; classes left out cost what `input` or `output` costs.
 * @throws TallyError INPUT_INVALID naming the place.
 */
export function parseTariff(json: unknown): Tariff {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TallyError('INPUT_INVALID', `The tariff is not valid at ${issue?.path.join('.') || 'its top'}: ${issue?.message}.`, {
      field: 'tariff',
    });
  }
  if (parsed.data.length === 0) return FREE_TARIFF;
  return tariffOf(
    1,
    parsed.data.map(({ unit, price, per }) => ({ unit: UNITS[unit], price: BigInt(price), per: BigInt(per) })),
  );
}
