import type { IncomingMessage, ServerResponse } from 'node:http';
import { TallyError } from '@tallystick/core';
import { ByteBudget } from '#ground/byte-budget';
import { describe } from '#ground/describe';
import { readBody } from '#ground/http-body';
import { uuidv7 } from '#ground/ids';
import { sendError, sendJson } from './answer.ts';
import { serveCall } from './attempts.ts';
import { ContentSalts } from './content-salts.ts';
import type { GatewayDeps } from './deps.ts';
import { idHeaders } from './headers.ts';
import { KeysAtWork } from './keys-at-work.ts';
import { listModels, oneModel } from './models.ts';
import { readPoolHeaders } from './pool-headers.ts';
import { planCall } from './providers/plan.ts';
import { checkQuery } from './query.ts';
import type { CallRequest } from './request.ts';
import { type Route, routeOf } from './routes.ts';
import { billableBytes } from './text-bytes.ts';
import { Work } from './work.ts';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
/** With or without parameters, but no other type that only begins the same (`application/json-seq`). */
const JSON_TYPE = /^application\/json[ \t]*(;|$)/i;

type CallRoute = Extract<Route, { kind: 'call' }>;

/** The routes that callers' SDKs use. Everything on them is answered in the caller's dialect, errors too. */
export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #work = new Set<Work>();
  readonly #keys = new KeysAtWork();
  readonly #running = new Set<Promise<void>>();
  readonly #bodies: ByteBudget;
  #inFlight = 0;
  #closing = false;
  #cutting = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#bodies = new ByteBudget(deps.limits.bodiesBytesMax);
  }

  /** @returns whether the path belongs to the gateway; if so, it answers. */
  handle(req: IncomingMessage, res: ServerResponse, path: string): boolean {
    const route = routeOf(path, req.headers);
    if (route === null) return false;
    const callId = uuidv7(this.#deps.clock.wallMs());
    const work = this.#answer(req, res, route, callId).catch((cause: unknown) => {
      const error = cause instanceof TallyError ? cause : new TallyError('INTERNAL', undefined, {}, { cause });
      if (error.code === 'INTERNAL') this.#deps.log.error({ call: callId, cause: describe(cause) }, 'a call failed inside the gateway');
      this.#deps.metrics.calls.inc({ endpoint: route.kind === 'call' ? route.spec.name : 'other', outcome: error.code });
      sendError(res, route.dialect, error, callId, idHeaders(callId, route.dialect));
    });
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
    return true;
  }

  /** Takes no new call, gives running ones `graceMs` to end, then cuts them. Every call is settled when it resolves. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const all = () => Promise.allSettled([...this.#running]);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      all(),
      new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs);
      }),
    ]);
    clearTimeout(timer);
    // From here on nothing more is sent: a request that was still arriving is refused, one that just got its hold is cut.
    this.#cutting = true;
    for (const work of this.#work) work.cut();
    await all();
    await this.#deps.sources.close();
  }

  async #answer(req: IncomingMessage, res: ServerResponse, route: Route, callId: string): Promise<void> {
    const arrivedAt = this.#deps.clock.monotonicMs();
    checkQuery(req.url ?? '', route);
    if (route.kind === 'call') {
      if (req.method !== 'POST') throw notAllowed(res, 'POST');
      await this.#counted(() => this.#serve(req, res, route, callId, arrivedAt));
      return;
    }
    if (route.kind === 'unknown') throw new TallyError('ROUTE_UNKNOWN');
    if (req.method !== 'GET') throw notAllowed(res, 'GET');
    const principal = await this.#deps.principals.identify(req.headers);
    const { dialect } = route;
    const body =
      route.kind === 'models'
        ? await listModels(this.#deps, principal, dialect)
        : await oneModel(this.#deps, principal, dialect, route.model);
    sendJson(res, 200, body, idHeaders(callId, dialect));
  }

  /** A bound on calls at work: beyond it the gateway says so at once instead of queueing without end. */
  async #counted(work: () => Promise<void>): Promise<void> {
    if (this.#closing) throw new TallyError('SHUTTING_DOWN');
    if (this.#inFlight >= this.#deps.limits.callsMax) throw new TallyError('OVERLOADED');
    this.#inFlight += 1;
    this.#deps.metrics.inFlight.set(this.#inFlight);
    try {
      await work();
    } finally {
      this.#inFlight -= 1;
      this.#deps.metrics.inFlight.set(this.#inFlight);
    }
  }

  async #serve(req: IncomingMessage, res: ServerResponse, route: CallRoute, callId: string, arrivedAt: number): Promise<void> {
    const { limits } = this.#deps;
    const principal = await this.#deps.principals.identify(req.headers);
    if (!JSON_TYPE.test(req.headers['content-type'] ?? '')) throw new TallyError('CONTENT_TYPE_INVALID');
    const idempotencyKey = readIdempotencyKey(req);
    const pool = readPoolHeaders(req.headers, principal.key.use);
    const passedHeaders = route.dialect.passedHeaders(req.headers);
    const room = this.#bodies.reserve();
    try {
      const body = await readBody(req, { bytesMax: limits.bodyBytesMax, timeoutMs: limits.bodyTimeoutMs, room });
      if (this.#cutting) throw new TallyError('SHUTTING_DOWN');
      const { spec } = route;
      const plan = planCall(spec, body, limits.bodyBytesMax, { ...route, passedHeaders });
      const salts = new ContentSalts(principal.secret, callId);
      const call: CallRequest = {
        callId,
        spec,
        principal,
        plan,
        requestHash: salts.requestHash(body),
        responseSalt: salts.salt('response'),
        idempotencyKey,
        pool,
        billableBytes: billableBytes(plan),
        arrivedAt,
      };
      await this.#send(call, res);
    } finally {
      room.release();
    }
  }

  async #send(call: CallRequest, res: ServerResponse): Promise<void> {
    const work = new Work();
    this.#work.add(work);
    try {
      await this.#keys.run(call, () => serveCall(this.#deps, call, res, work));
    } finally {
      this.#work.delete(work);
      const { onKeyedCallOver, replays } = this.#deps;
      if (onKeyedCallOver !== undefined && call.idempotencyKey !== undefined)
        void replays.stored(call.callId).then(() => onKeyedCallOver(call.callId));
    }
  }
}

export function readIdempotencyKey(req: IncomingMessage): string | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    throw new TallyError('INPUT_INVALID', 'The header `idempotency-key` must have 1 to 255 visible ASCII characters.', {
      field: 'idempotency-key',
    });
  }
  return key;
}

function notAllowed(res: ServerResponse, allow: string): TallyError {
  res.setHeader('allow', allow);
  return new TallyError('METHOD_NOT_ALLOWED', `The route takes ${allow} only.`);
}
