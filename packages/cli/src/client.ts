import { asCliError, CliError, exitOf, type Facts } from './cli-error.ts';
import { adminToken, type Place } from './find-daemon.ts';
import type { Io } from './io.ts';

const TIMEOUT_MS = 30_000;
const HEALTH_TIMEOUT_MS = 2000;
/** Nobody listens there, or nobody who speaks HTTP. */
const ABSENT = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EADDRNOTAVAIL|UND_ERR_SOCKET|HPE_\w+)$/;

export type Answer<T> = { readonly status: number; readonly body: T };
export type CallOptions = {
  readonly body?: unknown;
  /** Public routes get no token. */
  readonly open?: boolean;
  readonly timeoutMs?: number;
};

/** Speaks to one daemon. @throws CliError with the daemon's own code where it refuses. */
export class Client {
  readonly #io: Io;
  readonly place: Place;

  constructor(io: Io, place: Place) {
    this.#io = io;
    this.place = place;
  }

  async get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return (await this.call<T>('GET', path, options)).body;
  }

  async post<T>(path: string, body: unknown = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
    return (await this.call<T>('POST', path, { body, timeoutMs })).body;
  }

  async call<T>(method: string, path: string, { body, open = false, timeoutMs = TIMEOUT_MS }: CallOptions): Promise<Answer<T>> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (!open) headers['authorization'] = `Bearer ${adminToken(this.#io, this.place)}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const { status, text } = await this.#send(path, {
      method,
      headers,
      // A redirect could lead the token elsewhere; the daemon never sends one.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = parse(text);
    if (status >= 400) throw this.#refusal(status, json);
    if (json === undefined) throw this.#stranger();
    return { status, body: json as T };
  }

  /**
   * Whether a Tallystick daemon answers there. Nobody, or somebody else (an old mark, a port that was given away), is a no.
   * @throws CliError where that cannot be told: it hangs, or its certificate is not trusted.
   */
  async isUp(): Promise<boolean> {
    try {
      const options = { open: true, timeoutMs: HEALTH_TIMEOUT_MS };
      return (await this.get<{ status?: unknown }>('/healthz', options)).status === 'ok';
    } catch (cause) {
      const error = asCliError(cause);
      if (error.code !== 'DAEMON_UNREACHABLE' || ABSENT.test(String(error.facts?.['cause']))) return false;
      throw error;
    }
  }

  async #send(path: string, init: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(this.place.url + path, init);
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw unreachable(this.place.url, cause);
    }
  }

  #refusal(status: number, json: unknown): CliError {
    const error = (json as { error?: { code?: unknown; message?: unknown; fix?: unknown; facts?: unknown } } | undefined)?.error;
    if (typeof error?.code !== 'string' || typeof error.message !== 'string') return this.#stranger(status);
    return new CliError(
      error.code,
      error.message,
      exitOf(error.code, status),
      typeof error.fix === 'string' ? error.fix : '',
      asFacts(error.facts),
    );
  }

  #stranger(status?: number): CliError {
    const what = status === undefined ? 'without JSON' : `with ${status} and no error of ours`;
    return new CliError('ANSWER_INVALID', `What listens at ${this.place.url} answered ${what}.`, 'unreachable');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asFacts(value: unknown): Facts | undefined {
  return typeof value === 'object' && value !== null ? (value as Facts) : undefined;
}

function unreachable(url: string, cause: unknown): CliError {
  const inner = cause instanceof Error ? (cause.cause as { code?: unknown } | undefined) : undefined;
  const code = typeof inner?.code === 'string' ? inner.code : cause instanceof Error ? cause.name : 'unknown';
  const facts = { cause: code };
  if (code === 'TimeoutError')
    return new CliError('DAEMON_UNREACHABLE', `The daemon at ${url} did not answer in time.`, 'unreachable', undefined, facts);
  const tls = /CERT|SELF_SIGNED|SSL|TLS|ISSUER/.test(code);
  const fix = tls ? 'For a private certificate authority set NODE_EXTRA_CA_CERTS to its PEM file.' : undefined;
  return new CliError('DAEMON_UNREACHABLE', `No daemon can be reached at ${url} (${code}).`, 'unreachable', fix, facts);
}
