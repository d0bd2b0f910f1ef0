import type { IncomingHttpHeaders } from 'node:http';
import { TallyError, unbilledRefusal } from '@tallystick/core';

/** Bytes of an upstream's error that are read; the rest is of no use to anyone. */
export const ERROR_BYTES_MAX = 65_536;
const MESSAGE_CHARS_MAX = 500;

export type UpstreamRefusal = { readonly error: TallyError; readonly unbilled: boolean };

/**
 * An upstream's error in the catalogue's words. Its own message is passed on only where the request is at fault, and
 * only with everything that looks like a credential taken out: providers have been seen to quote parts of the key.
 */
export function upstreamRefusal(host: string, status: number, headers: IncomingHttpHeaders, body: Buffer): UpstreamRefusal {
  const parsed = parse(body);
  const unbilled = unbilledRefusal(host, status, parsed.code) !== undefined;
  return { error: toError(status, headers, parsed), unbilled };
}

function toError(status: number, headers: IncomingHttpHeaders, parsed: { code: string | null; message: string | null }): TallyError {
  if (status === 401 || status === 403) return new TallyError('UPSTREAM_AUTH');
  if (status === 429) {
    const after = Number(headers['retry-after']);
    return new TallyError('UPSTREAM_RATE_LIMITED', undefined, {
      retry_after_s: Number.isSafeInteger(after) && after >= 0 && after <= 3600 ? after : 1,
    });
  }
  if (status >= 400 && status < 500) {
    const message = parsed.message === null ? '' : ` It says: ${redact(parsed.message)}`;
    return new TallyError('UPSTREAM_REFUSED', `The upstream refused the request with status ${status}.${message}`, {
      upstream_status: status,
    });
  }
  if (status >= 300 && status < 400)
    return new TallyError('UPSTREAM_ERROR', 'The upstream answered with a redirect, which is never followed.');
  return new TallyError('UPSTREAM_ERROR', `The upstream failed with status ${status}.`, { upstream_status: status });
}

function parse(body: Buffer): { code: string | null; message: string | null } {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error?: { code?: unknown; type?: unknown; message?: unknown } };
    const text = (value: unknown) => (typeof value === 'string' ? value : null);
    return { code: text(error?.code) ?? text(error?.type), message: text(error?.message) };
  } catch {
    return { code: null, message: null };
  }
}

/** Long unbroken runs of key-like characters, and anything after a well-known key prefix, are replaced. */
export function redact(message: string): string {
  return message
    .slice(0, MESSAGE_CHARS_MAX)
    .replace(/\b(?:sk|tk|pk|key|xai|gsk|AIza)[-_]?[A-Za-z0-9*_-]{4,}/g, '[redacted]')
    .replace(/[A-Za-z0-9+/_*-]{24,}/g, '[redacted]');
}
