import type { IncomingMessage, ServerResponse } from 'node:http';
import { TallyError } from '@tallystick/core';
import { ByteBudget } from '#ground/byte-budget';
import { readBody } from '#ground/http-body';
import { randomHex, uuidv7 } from '#ground/ids';
import { admit, type CallId } from './admission.ts';
import { sendError, sendJson } from './answer.ts';
import { Call } from './call.ts';
import { ContentSalts } from './content-salts.ts';
import type { GatewayDeps } from './deps.ts';
import { describe } from './describe.ts';
import { idHeaders } from './headers.ts';
import { listModels, oneModel } from './models.ts';
import type { Principal } from './principals.ts';
import { type EndpointSpec, OPENAI_ENDPOINTS, planCall } from './providers/openai/endpoints.ts';
import { billableBytes } from './text-bytes.ts';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
/** With or without parameters, but no other type that only begins the same (`application/json-seq`). */
const JSON_TYPE = /^application\/json[ \t]*(;|$)/i;

/** The routes that callers' SDKs use. Everything on them is answered in the caller's dialect, errors too. */
export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #endpoints: ReadonlyMap<string, EndpointSpec>;
  readonly #calls = new Set<Call>();
  readonly #running = new Set<Promise<void>>();
  readonly #bodies: ByteBudget;
  #inFlight = 0;
  #closing = false;
  #cutting = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#bodies = new ByteBudget(deps.limits.bodiesBytesMax);
    this.#endpoints = new Map(OPENAI_ENDPOINTS.map((spec) => [spec.route, spec]));
  }

  /** @returns whether the path belongs to the gateway; if so, it answers. */
  handle(req: IncomingMessage, res: ServerResponse, path: string): boolean {
    if (path !== '/v1' && !path.startsWith('/v1/')) return false;
    const id: CallId = { callId: uuidv7(this.#deps.clock.wallMs()), receiptId: randomHex(16) };
    const work = this.#answer(req, res, path, id).catch((cause: unknown) => {
      const error = cause instanceof TallyError ? cause : new TallyError('INTERNAL', undefined, {}, { cause });
      if (error.code === 'INTERNAL') this.#deps.log.error({ call: id.callId, cause: describe(cause) }, 'a call failed inside the gateway');
      this.#deps.metrics.calls.inc({ endpoint: this.#endpoints.get(path)?.endpoint ?? 'other', outcome: error.code });
      sendError(res, error, idHeaders(id));
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
    for (const call of this.#calls) call.abort();
    await all();
    await this.#deps.sources.close();
  }

  async #answer(req: IncomingMessage, res: ServerResponse, path: string, id: CallId): Promise<void> {
    const arrivedAt = this.#deps.clock.monotonicMs();
    const spec = this.#endpoints.get(path);
    if (spec !== undefined) {
      if (req.method !== 'POST') throw notAllowed(res, 'POST');
      await this.#counted(() => this.#serve(req, res, spec, id, arrivedAt));
      return;
    }
    if (path !== '/v1/models' && !path.startsWith('/v1/models/')) throw new TallyError('ROUTE_UNKNOWN');
    if (req.method !== 'GET') throw notAllowed(res, 'GET');
    const principal = this.#deps.principals.authenticate(req.headers);
    const body = path === '/v1/models' ? await listModels(this.#deps, principal) : await oneModel(this.#deps, principal, decodeModel(path));
    sendJson(res, 200, body, idHeaders(id));
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

  async #serve(req: IncomingMessage, res: ServerResponse, spec: EndpointSpec, id: CallId, arrivedAt: number): Promise<void> {
    const { limits } = this.#deps;
    const principal = this.#deps.principals.authenticate(req.headers);
    if (!JSON_TYPE.test(req.headers['content-type'] ?? '')) throw new TallyError('CONTENT_TYPE_INVALID');
    const idempotencyKey = readIdempotencyKey(req);
    const room = this.#bodies.reserve();
    try {
      const body = await readBody(req, { bytesMax: limits.bodyBytesMax, timeoutMs: limits.bodyTimeoutMs, room });
      await this.#send(res, spec, id, arrivedAt, principal, body, idempotencyKey);
    } finally {
      room.release();
    }
  }

  async #send(
    res: ServerResponse,
    spec: EndpointSpec,
    id: CallId,
    arrivedAt: number,
    principal: Principal,
    body: Buffer,
    idempotencyKey: string | undefined,
  ): Promise<void> {
    if (this.#cutting) throw new TallyError('SHUTTING_DOWN');
    const plan = planCall(spec, body, this.#deps.limits.bodyBytesMax);
    const salts = new ContentSalts(principal.secret, id.callId);
    const requestHash = salts.requestHash(body);
    const held = await admit(this.#deps, { spec, principal, plan, id, idempotencyKey, requestHash, billableBytes: billableBytes(plan) });
    const stop = this.#deps.metrics.duration.startTimer({ gen_ai_operation_name: spec.endpoint, gen_ai_system: held.source.row.provider });
    const call = new Call(this.#deps, { spec, plan, held, arrivedAt, responseSalt: salts.salt('response') }, res);
    this.#calls.add(call);
    try {
      const settled = call.run();
      if (this.#cutting) call.abort();
      await settled;
    } finally {
      this.#calls.delete(call);
      stop();
    }
  }
}

function readIdempotencyKey(req: IncomingMessage): string | undefined {
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

function decodeModel(path: string): string {
  try {
    return decodeURIComponent(path.slice('/v1/models/'.length));
  } catch {
    throw new TallyError('ROUTE_UNKNOWN');
  }
}
