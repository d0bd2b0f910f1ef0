import { asCliError, CliError, exitOf, type Facts } from './cli-error.ts';
import { type Events, readEvents } from './events.ts';
import { adminToken, type Place } from './find-daemon.ts';
import type { Io } from './io.ts';

const TIMEOUT_MS = 30_000;
const HEALTH_TIMEOUT_MS = 2000;
/** Nobody listens there, or nobody who speaks HTTP. */
const ABSENT = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EADDRNOTAVAIL|UND_ERR_SOCKET|HPE_\w+)$/;

export type Asking = Readonly<Record<string, string>>;
export type Answer<T> = { readonly status: number; readonly body: T };
export type CallOptions = {
  readonly body?: unknown;
  /** Public routes get no token. */
  readonly open?: boolean;
  /** Headers that say who asks, where it is not the operator. */
  readonly as?: Asking;
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

  async call<T>(method: string, path: string, options: CallOptions): Promise<Answer<T>> {
    const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    return this.#answer(await this.#reached(async () => read(await this.#send(method, path, options, signal))));
  }

  /** What is told as it happens; or one answer, where there is nothing to follow. A connection that breaks off later is an error of the events. */
  async follow<T>(method: string, path: string, options: CallOptions): Promise<{ readonly body: T } | { readonly events: Events }> {
    const away = new AbortController();
    const timer = setTimeout(() => away.abort(new DOMException('no answer', 'TimeoutError')), options.timeoutMs ?? TIMEOUT_MS);
    try {
      const response = await this.#reached(() => this.#send(method, path, options, away.signal));
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      if (isStream && response.body !== null) return { events: readEvents(response.body) };
      return this.#answer<T>(await this.#reached(() => read(response)));
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws CONFIG_INVALID where there is no token that may go there */
  asOperator(): Asking {
    return { authorization: `Bearer ${adminToken(this.#io, this.place)}` };
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

  #send(method: string, path: string, { body, open = false, as }: CallOptions, signal: AbortSignal): Promise<Response> {
    const who = as ?? (open ? {} : this.asOperator());
    return fetch(this.place.url + path, {
      method,
      headers: { accept: 'application/json', ...who, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      // A redirect could lead the token elsewhere; the daemon never sends one.
      redirect: 'error',
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #reached<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof CliError ? cause : unreachable(this.place.url, cause);
    }
  }

  #answer<T>({ status, text }: { readonly status: number; readonly text: string }): Answer<T> {
    const json = parse(text);
    if (status >= 400) throw this.#refusal(status, json);
    if (json === undefined) throw this.#stranger();
    return { status, body: json as T };
  }

  #refusal(status: number, json: unknown): CliError {
    const error = refusalOf(json);
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

type Refusal = { readonly code?: unknown; readonly message?: unknown; readonly fix?: unknown; readonly facts?: unknown };

/** The operator's routes put a refusal under `error`; the pool's have its code there, and the rest beside it. */
export function refusalOf(json: unknown): Refusal | undefined {
  const { error, ...beside } = (json ?? {}) as Refusal & { readonly error?: unknown };
  return typeof error === 'string' ? { ...beside, code: error } : (error as Refusal | undefined);
}

async function read(response: Response): Promise<{ readonly status: number; readonly text: string }> {
  return { status: response.status, text: await response.text() };
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
