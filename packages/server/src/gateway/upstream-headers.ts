import type { Dialect } from './providers/dialect.ts';

/** The headers of a request to an upstream, name and value in turn: ours, the caller's that the dialect lets pass, and the secret’s place. */
export function upstreamHeaders(dialect: Dialect, passed: readonly string[], accept: string, secret: string): readonly string[] {
  return ['content-type', 'application/json', 'accept', accept, 'accept-encoding', 'identity', ...passed, ...dialect.secretHeader(secret)];
}
