import type { IncomingHttpHeaders } from 'node:http';
import { TallyError, unbilledRefusal } from '@tallystick/core';
import type { Dialect, SaidError } from './providers/dialect.ts';
import { retryAfterMs } from './retry-after.ts';
import { parseObject } from './stream/json.ts';

/** Bytes of an upstream's error that are read; the rest is of no use to anyone. */
export const ERROR_BYTES_MAX = 65_536;
const MESSAGE_CHARS_MAX = 500;
/** A shorter run that a message shares with the key tells nothing of it. */
const SECRET_CHARS_MIN = 6;

const RETRY_AFTER_MS = 1000;
const NOTHING_SAID: SaidError = { code: null, message: null, keyAtFault: false, retryAfterMs: null };

export type RefusedAnswer = {
  readonly dialect: Dialect;
  readonly host: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Unix ms, for a `retry-after` that is a date. */
  readonly nowMs: number;
};

/** Bytes or text, without a copy of either. */
export type KnownSecret = { readonly length: number; includes(part: string): boolean };

type UpstreamRefusal = {
  readonly error: TallyError;
  readonly unbilled: boolean;
  /** When it asks to be tried again, ms from now. */
  readonly retryAfterMs: number | null;
};

/**
 * An upstream's error in the catalogue's words. Its own message is passed on only where the request is at fault, and
 * only with everything taken out that looks like a credential or is a part of `secret`: providers have been seen to quote parts of the key.
 */
export function upstreamRefusal(answer: RefusedAnswer, secret: KnownSecret = ''): UpstreamRefusal {
  const { host, status, body, dialect } = answer;
  const json = parseObject(body);
  const said = json === null ? NOTHING_SAID : dialect.readError(json);
  const askedMs = retryAfterMs(answer.headers, answer.nowMs) ?? said.retryAfterMs;
  const unbilled = unbilledRefusal(host, status, said.code) !== undefined;
  const message = said.message === null ? null : redact(withoutSecret(said.message, secret));
  return { error: toError(answer, said, message, askedMs), unbilled, retryAfterMs: askedMs };
}

function toError({ status }: RefusedAnswer, { keyAtFault }: SaidError, said: string | null, askedMs: number | null): TallyError {
  if (status === 401 || status === 403 || keyAtFault) return new TallyError('UPSTREAM_AUTH');
  if (status === 429) {
    return new TallyError('UPSTREAM_RATE_LIMITED', undefined, waitFact(askedMs));
  }
  if (status === 503 || status === 529) return new TallyError('UPSTREAM_OVERLOADED', undefined, waitFact(askedMs));
  if (status >= 400 && status < 500) {
    const message = said === null ? '' : ` It says: ${said}`;
    return new TallyError('UPSTREAM_REFUSED', `The upstream refused the request with status ${status}.${message}`, {
      upstream_status: status,
    });
  }
  if (status >= 300 && status < 400)
    return new TallyError('UPSTREAM_ERROR', 'The upstream answered with a redirect, which is never followed.');
  return new TallyError('UPSTREAM_ERROR', `The upstream failed with status ${status}.`, { upstream_status: status });
}

function waitFact(askedMs: number | null): { readonly retry_after_s: number } {
  return { retry_after_s: Math.ceil((askedMs ?? RETRY_AFTER_MS) / 1000) };
}

/** Whatever form a key has: every run of characters that stands in it as well is taken out. */
function withoutSecret(message: string, secret: KnownSecret): string {
  const least = Math.min(SECRET_CHARS_MIN, secret.length);
  if (least === 0) return message;
  let text = '';
  for (let at = 0; at < Math.min(message.length, MESSAGE_CHARS_MAX); ) {
    let end = at + least;
    if (end > message.length || !secret.includes(message.slice(at, end))) {
      text += message[at];
      at += 1;
      continue;
    }
    while (end < message.length && secret.includes(message.slice(at, end + 1))) end += 1;
    text += '[redacted]';
    at = end;
  }
  return text;
}

/** Long unbroken runs of key-like characters, anything after a well-known key prefix, and what a terminal would act on, are replaced. */
export function redact(message: string): string {
  return message
    .slice(0, MESSAGE_CHARS_MAX)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/\b(?:sk|tk|pk|key|xai|gsk|AIza)[-_]?[A-Za-z0-9*_-]{4,}/g, '[redacted]')
    .replace(/[A-Za-z0-9+/_*-]{24,}/g, '[redacted]');
}
