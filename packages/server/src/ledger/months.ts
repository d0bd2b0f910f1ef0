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
