import type { IncomingHttpHeaders } from 'node:http';

/** Nobody waits longer than a day for a call, so a longer time is a mistake or mischief. */
const WAIT_MS_MAX = 86_400_000;

const DECIMAL = /^[0-9]+(?:\.[0-9]+)?$/;
const TIME = '[0-9]{2}:[0-9]{2}:[0-9]{2}';
/** The three forms of a date that RFC 9110, 5.6.7, has recipients take; the last two are obsolete. */
const FIXED = new RegExp(`^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} ${TIME} GMT$`);
const RFC_850 = new RegExp(`^[A-Z][a-z]{5,8}, [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2} ${TIME} GMT$`);
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] ${TIME} [0-9]{4}$`);

/**
 * How long an upstream asks to wait: `retry-after-ms` (OpenAI and Anthropic send it, and their SDKs read it first), else `retry-after` in
 * seconds or as a date. A header that is repeated, negative, no number or date, or beyond a day is as good as absent.
 * @returns whole milliseconds, rounded up; null where neither header can be used.
 */
export function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | null {
  return usable(decimal(headers['retry-after-ms'])) ?? usable(afterSeconds(headers['retry-after'], nowMs));
}

function afterSeconds(value: string | string[] | undefined, nowMs: number): number {
  const seconds = decimal(value);
  return Number.isNaN(seconds) ? dateMs(value) - nowMs : seconds * 1000;
}

/** @returns NaN where the value is no plain decimal number, which holds for a repeated header too. */
function decimal(value: string | string[] | undefined): number {
  return typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : Number.NaN;
}

function dateMs(value: string | string[] | undefined): number {
  const text = typeof value === 'string' ? value.trim() : '';
  if (FIXED.test(text) || RFC_850.test(text)) return Date.parse(text);
  // This form names no zone, and means GMT all the same.
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}

function usable(ms: number): number | null {
  return ms >= 0 && ms <= WAIT_MS_MAX ? Math.ceil(ms) : null;
}
