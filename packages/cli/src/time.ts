/** @param ms Unix ms, or null for never. */
export function time(ms: number | bigint | null): string {
  return ms === null ? '-' : new Date(Number(ms)).toISOString();
}
