let cachedFrom = 1;
let cachedTo = 0;
let cachedMonth = 0;

/**
 * The partition of a time: yyyymm in UTC. The current month is remembered, because it is asked for with every row.
 * @param wallMs Unix ms.
 */
export function monthOf(wallMs: number): number {
  if (wallMs >= cachedFrom && wallMs < cachedTo) return cachedMonth;
  const date = new Date(wallMs);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  cachedFrom = Date.UTC(year, month, 1);
  cachedTo = Date.UTC(year, month + 1, 1);
  cachedMonth = year * 100 + month + 1;
  return cachedMonth;
}

/** @returns the month that is so many before (or, below 0, after) another; both yyyymm. */
export function monthsBefore(month: number, count: number): number {
  const months = Math.floor(month / 100) * 12 + (month % 100) - 1 - count;
  return Math.floor(months / 12) * 100 + (months % 12) + 1;
}

/** @returns the first moment after a month, Unix ms. */
export function endOfMonth(month: number): number {
  return Date.UTC(Math.floor(month / 100), month % 100, 1);
}

/** 2026-03 for 202603. */
export function monthName(month: number): string {
  const digits = String(month).padStart(6, '0');
  return `${digits.slice(0, 4)}-${digits.slice(4)}`;
}
