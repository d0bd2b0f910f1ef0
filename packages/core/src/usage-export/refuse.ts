import { TallyError } from '../errors.ts';
import { AMOUNT_MAX } from '../units.ts';

/**
 * What an export must be about. `from`, `to`: the interval, Unix ms, without `to` · `source`: our id · `keyRef`: the provider's own name of
 * the key (Google: of the project), '' where the format has none.
 */
export type ExportScope = { readonly from: number; readonly to: number; readonly source: string; readonly keyRef: string };

export function refuse(why: string): never {
  throw new TallyError('INPUT_INVALID', `The provider’s export is refused: ${why}.`, { field: 'export' });
}

/** A count of tokens, as a number of JSON or in digits. */
export function exportTokens(value: unknown, where: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  // BigQuery prints whole floats with one zero after the point.
  const [, digits] = (typeof value === 'string' && /^(\d{1,18})(?:\.0)?$/.exec(value)) || [];
  if (digits === undefined) refuse(`${where} is no whole number of tokens`);
  return BigInt(digits as string);
}

export function exportTotal(counts: readonly bigint[]): bigint {
  const total = counts.reduce((sum, count) => sum + count, 0n);
  if (total > AMOUNT_MAX) refuse('its tokens add up to more than any balance holds');
  return total;
}

export function exportJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse('it is not valid JSON');
  }
}
