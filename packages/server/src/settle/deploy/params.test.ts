import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexToString } from 'viem';
import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from './params.ts';

const library = (name: string) => readFileSync(join(import.meta.dirname, '../../../../../contracts/src/libraries', `${name}.sol`), 'utf8');

const UNITS: Readonly<Record<string, bigint>> = { hours: 3_600n, days: 86_400n, ether: 10n ** 18n };

/** `14 days`, `0.1 ether`, `1e12`, `1_000`: as Solidity writes figures. */
function figure(text: string): bigint {
  const [number = '', unit] = text.trim().split(' ');
  const [, digits = '', decimals = '', exponent = '0'] = /^([\d_]+)(?:\.(\d+))?(?:e(\d+))?$/.exec(number) ?? [];
  const scale = (unit === undefined ? 1n : (UNITS[unit] ?? 0n)) * 10n ** BigInt(exponent);
  return (BigInt(digits.replaceAll('_', '') + decimals) * scale) / 10n ** BigInt(decimals.length);
}

it('the deployment has the defaults and bounds of DefaultParams.sol, in its order', () => {
  const keys = new Map([...library('Params').matchAll(/constant (\w+) = "(\w+)";/g)].map(([, name = '', key = '']) => [name, key]));
  const rows = [...library('DefaultParams').matchAll(/Setting\(Params\.(\w+), ([^,]+), ([^,]+), ([^)]+)\)/g)];
  const settings = rows.map(([, name = '', ...figures]) => [keys.get(name), ...figures.map(figure)]);
  expect(settings.length).toBe(keys.size);
  const ours = DEFAULT_SETTINGS.map(({ key, value, min, max }) => [hexToString(key, { size: 32 }).replaceAll('\0', ''), value, min, max]);
  expect(ours).toEqual(settings);
});
