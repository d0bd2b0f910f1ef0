import { FREE_TARIFF, type Hex, parseTariff, type Tariff, tariffId } from '@tallystick/core';
import type { SourceRow } from '#ledger';

/** Tariffs never change in place: a receipt's tariff is found by its hash for as long as its source is on the books. */
export function knownTariffs(rows: readonly SourceRow[]): Map<Hex, Tariff> {
  const tariffs = new Map([[tariffId(FREE_TARIFF), FREE_TARIFF]]);
  for (const row of rows) learnTariff(tariffs, row);
  return tariffs;
}

export function learnTariff(tariffs: Map<Hex, Tariff>, row: SourceRow): void {
  const tariff = parseTariff(JSON.parse(row.tariff));
  tariffs.set(tariffId(tariff), tariff);
}
