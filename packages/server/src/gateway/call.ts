import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { TallyError, type Usage, usageTotal } from '@tallystick/core';
import { describe } from '#ground/describe';
import { sendError } from './answer.ts';
import type { AnswerCopy } from './answer-copy.ts';
import { freeze, settleHeld } from './closing.ts';
import type { GatewayDeps } from './deps.ts';
import { answerHeaders, type Headers } from './headers.ts';
import type { Held } from './hold.ts';
import { isBeyond, jsonBytesAllowed, textBytesAllowed } from './overrun.ts';
import { Relay } from './relay.ts';
import type { CallRequest } from './request.ts';
import { type Outcome, settlement } from './settlement.ts';
import type { StreamEvent, StreamScanner } from './stream/events.ts';
import { SEND_WITHIN_MS, type UpstreamCall, type UpstreamEvents } from './upstream.ts';
import { ERROR_BYTES_MAX, upstreamRefusal } from './upstream-error.ts';
import { upstreamHeaders } from './upstream-headers.ts';
import { CarriedSecret } from './upstream-secret.ts';
import { cutVerdict, lostError, streamVerdict, wholeVerdict } from './verdict.ts';
import type { Job } from './work.ts';

function timedOut({ isLastMinute }: Held): TallyError {
  if (!isLastMinute) return new TallyError('UPSTREAM_TIMEOUT');
  return new TallyError('UPSTREAM_TIMEOUT', 'The time that was given for this source is over, and the call was cut there.');
}

/** A call that was provably not billed and has told its caller nothing: it may be sent again, under a new hold, after `waitMs`. */
export type Again = { readonly waitMs: number; readonly error: TallyError };

/** @param askedMs when the upstream asks to be tried again, ms from now. @returns ms to wait before the call is tried again, or null where its caller is to be told. */
export type RetryRule = (error: TallyError, headers: IncomingHttpHeaders, askedMs: number | null) => number | null;

/**
 * One attempt of a call that has its hold: sent at most once, relayed, and settled exactly once, whatever happens.
 * Lives until it is settled, also when the caller is long gone.
 */
export class Call implements UpstreamEvents, Job<Again | null> {
  readonly #deps: GatewayDeps;
  readonly #request: CallRequest;
  readonly #held: Held;
  readonly #retryIn: RetryRule;
  readonly #res: ServerResponse;
  readonly #relay: Relay;
  readonly #copy: AnswerCopy | null;
  readonly #deadline: NodeJS.Timeout;
  readonly #settled: Promise<Again | null>;
  #resolve: (again: Again | null) => void = () => {};
  #upstream: UpstreamCall | null = null;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #scanner: StreamScanner | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #overheadMs = 0;
  #started = false;
  /** Monotonic ms of the first byte. */
  #sentAt = 0;
  #ended = false;
  /** Lives as long as the request that carries it, to be taken out of what the upstream says of it. */
  #secret: CarriedSecret | null = null;

  constructor(deps: GatewayDeps, request: CallRequest, held: Held, res: ServerResponse, retryIn: RetryRule) {
    this.#deps = deps;
    this.#request = request;
    this.#held = held;
    this.#retryIn = retryIn;
    this.#res = res;
    this.#settled = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const hash = createHash('sha256').update(request.responseSalt);
    // A slow reader may take half of the call's time, never all of it.
    const limits = { stallMs: deps.limits.readerStallMs, waitMs: held.deadlineMs / 2 };
    const flow = { pause: () => this.#upstream?.pause(), resume: () => this.#upstream?.resume() };
    this.#copy = deps.replays.copyFor(request);
    this.#relay = new Relay(res, hash, limits, deps.clock, flow, this.#copy);
    this.#deadline = setTimeout(
      () => this.#cut({ kind: 'burned', reason: 'deadline', byCaller: this.#relay.waiting }, timedOut(held)),
      held.deadlineMs,
    );
  }

  /** Opens the secret with the hold's permit and sends. @returns when the attempt is settled: null where its caller has been answered. */
  run(): Promise<Again | null> {
    const { spec, plan } = this.#request;
    try {
      this.#upstream = this.#deps.vault.open(this.#held.permit, (secret) => {
        const carried = new CarriedSecret(secret);
        this.#secret = carried;
        const accept = plan.stream ? 'text/event-stream' : 'application/json';
        const headers = upstreamHeaders(spec.dialect, plan.passedHeaders, accept, carried.standIn);
        return this.#held.source.upstream.send({ path: spec.upstreamPath(plan), headers, body: this.#held.body, secret: carried }, this);
      });
    } catch (error) {
      const shown = error instanceof TallyError ? error : new TallyError('SECRET_UNAVAILABLE', undefined, {}, { cause: error });
      // A fault after the request may have left is no proof that it did not.
      const kind = this.#started ? 'burned' : 'released';
      this.#fail({ kind, reason: 'its secret could not be used' }, shown);
    }
    return this.#settled;
  }

  /** Cuts the call at shutdown: what was sent is spent. */
  abort(): void {
    this.#cut({ kind: 'burned', reason: 'the gateway was shut down' }, new TallyError('SHUTTING_DOWN'));
  }

  start(): boolean {
    const now = this.#deps.clock.monotonicMs();
    if (this.#ended || now - this.#held.heldAt > SEND_WITHIN_MS) return false;
    if (this.#relay.gone) return false;
    this.#started = true;
    this.#sentAt = now;
    this.#overheadMs = now - this.#request.arrivedAt;
    // What a further attempt waited for is not the gateway's own time.
    if (this.#held.attempt === 1) this.#deps.metrics.overhead.observe(this.#overheadMs / 1000);
    return true;
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      this.#cut(
        { kind: 'burned', reason: 'compressed answer' },
        new TallyError('UPSTREAM_ERROR', 'The upstream compressed its answer although it was asked not to.'),
      );
      return;
    }
    if (status < 200 || status > 299) return;
    const { spec, plan } = this.#request;
    if (plan.stream && /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))) {
      this.#scanner = spec.scanner(plan);
      this.#relay.head(status, {
        ...this.#answerHeaders(),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
      });
    }
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#scanner !== null) this.#stream(this.#scanner, chunk);
    else if (this.#status >= 200 && this.#status <= 299) this.#part(chunk);
    else if (this.#bytes <= ERROR_BYTES_MAX) this.#chunks.push(chunk);
    if (this.#bytes > this.#deps.limits.answerBytesMax) {
      this.#cut(
        { kind: 'burned', reason: 'answer too large' },
        new TallyError('UPSTREAM_ERROR', 'The upstream’s answer is larger than this gateway takes.'),
      );
    }
  }

  end(): void {
    if (this.#ended) return;
    if (this.#status < 200 || this.#status > 299) this.#refused();
    else if (this.#scanner !== null) this.#streamEnd(this.#scanner);
    else this.#whole();
  }

  error(error: Error, sent: boolean): void {
    if (this.#ended) return;
    if (sent) {
      this.#fail(cutVerdict(this.#scanner?.summary() ?? null, this.#request.plan, 'connection lost'), lostError(error));
      return;
    }
    const shown = new TallyError('UPSTREAM_UNREACHABLE', 'No connection to the upstream could be made; nothing was sent or spent.');
    this.#fail({ kind: 'released', reason: 'it was never sent' }, shown);
  }

  #stream(scanner: StreamScanner, chunk: Buffer): void {
    try {
      const { events, relay } = scanner.push(chunk);
      if (this.#overran(scanner)) return;
      // Its words are not passed on: providers have been seen to quote parts of the key.
      if (events.some(({ kind }) => kind === 'error')) {
        const outcome = cutVerdict(scanner.summary(), this.#request.plan, 'error in the stream');
        this.#cut(outcome, new TallyError('UPSTREAM_ERROR', 'The upstream reported an error inside its stream.'));
        return;
      }
      for (const bytes of relay) this.#relay.write(bytes);
      this.#reports(events);
    } catch (error) {
      this.#cut(
        { kind: 'burned', reason: 'unreadable stream' },
        error instanceof TallyError ? error : new TallyError('UPSTREAM_ERROR', undefined, {}, { cause: error }),
      );
    }
  }

  /** A report that owns up to more than what was sent for ends the call there. */
  #reports(events: readonly StreamEvent[]): void {
    for (const event of events) {
      if (event.kind !== 'usage' || event.usage === null || !isBeyond(this.#held, this.#request.plan, event.usage)) continue;
      this.#freezeBeyond(event.usage);
      this.#cut({ kind: 'metered', usage: event.usage }, new TallyError('UPSTREAM_OVERRUN'));
    }
  }

  /** A part of a JSON answer. */
  #part(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const { plan, spec } = this.#request;
    // Citations quote what they are of, as often as they like, and are no output that is billed.
    if (spec.outputFields.length === 0 || plan.quotes) return;
    if (BigInt(this.#bytes) > jsonBytesAllowed(this.#held, plan)) this.#tooMuchText();
  }

  #overran(scanner: StreamScanner): boolean {
    if (BigInt(scanner.summary().contentBytes) <= textBytesAllowed(this.#held, this.#request.plan)) return false;
    this.#tooMuchText();
    return true;
  }

  /** More text than the limit can have made. */
  #tooMuchText(): void {
    const reason = 'overrun: more text than its output limit allows';
    if (!this.#ended) freeze(this.#deps, this.#held, reason);
    this.#cut({ kind: 'burned', reason }, new TallyError('UPSTREAM_OVERRUN'));
  }

  /** Beyond the hold its own settlement freezes the source, and counts the excess; beyond the output limit alone, nothing else would. */
  #freezeBeyond(usage: Usage): void {
    if (usageTotal(usage) > this.#held.bound.total) this.#deps.sources.suspend(this.#held.source.row.id);
    else freeze(this.#deps, this.#held, 'overrun: it reports more output than its limit');
  }

  #streamEnd(scanner: StreamScanner): void {
    let rest: readonly Uint8Array[] = [];
    try {
      const last = scanner.end();
      rest = last.relay;
      if (this.#overran(scanner)) return;
      this.#reports(last.events);
      if (this.#ended) return;
    } catch {
      // The rest of a dead scanner is not relayed; what it has counted stands.
    }
    const { outcome, error, finish } = streamVerdict(scanner.summary(), this.#request.plan);
    // A frame that was cut is not passed on: the error's own frame would run into it, and no client could read either.
    if (error !== undefined) {
      this.#fail(outcome, error);
      return;
    }
    this.#finish(outcome, finish ?? '', () => {
      for (const bytes of rest) this.#relay.write(bytes);
      this.#relay.end();
    });
  }

  #whole(): void {
    const { plan, spec } = this.#request;
    const body = Buffer.concat(this.#chunks);
    const { outcome, error } = wholeVerdict(spec, body);
    if (error !== undefined) {
      this.#fail(outcome, error);
      return;
    }
    if (outcome.kind === 'metered' && isBeyond(this.#held, plan, outcome.usage)) this.#freezeBeyond(outcome.usage);
    this.#finish(outcome, '', () => {
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
      this.#relay.head(this.#status, { ...this.#answerHeaders(), ...headers });
      this.#relay.end(body);
    });
  }

  #refused(): void {
    const { row, host } = this.#held.source;
    const said = { dialect: this.#request.spec.dialect, host, status: this.#status, headers: this.#headers };
    const answer = { ...said, body: Buffer.concat(this.#chunks), nowMs: this.#deps.clock.wallMs() };
    const { error, unbilled, retryAfterMs } = upstreamRefusal(answer, this.#secret?.bytes);
    const reason = `upstream status ${this.#status}`;
    // A donor who lets nothing be released does not take the provider's word for what it bills either.
    const released = unbilled && row.settle !== 'hold';
    // What the upstream finds wrong with the request, or too much of it, is the caller's to pay: else it would drain a gift at no cost.
    const byCaller = error.code === 'UPSTREAM_REFUSED' || error.code === 'UPSTREAM_RATE_LIMITED';
    this.#fail(released ? { kind: 'released', reason } : { kind: 'burned', reason, byCaller }, error, retryAfterMs);
  }

  /** Ends a call that may still be running upstream. What has not left by now never will: `start` forbids it from here on. */
  #cut(outcome: Outcome, error: TallyError): void {
    if (this.#ended) return;
    this.#fail(this.#started ? outcome : { kind: 'released', reason: 'it was never sent' }, error);
    this.#upstream?.abort();
  }

  /** Tells the caller, or nobody where the attempt cost nothing and may be made again. */
  #fail(outcome: Outcome, error: TallyError, askedMs: number | null = null): void {
    const isOpen = !this.#relay.gone && !this.#relay.headSent;
    const waitMs = outcome.kind === 'released' && isOpen ? this.#retryIn(error, this.#headers, askedMs) : null;
    if (waitMs !== null) {
      this.#relay.leave();
      this.#finish(outcome, '', () => {}, error.code, { waitMs, error });
      return;
    }
    const { dialect } = this.#request.spec;
    const answer = () => {
      if (this.#relay.gone) return;
      if (this.#relay.headSent) this.#relay.end(dialect.errorFrame(error, this.#held.callId));
      else sendError(this.#res, dialect, error, this.#held.callId, this.#answerHeaders());
    };
    this.#finish(outcome, '', answer, error.code);
  }

  /** The one ending: answers first, then settles off the answer's path. Before another attempt the hold's room must be free again. */
  #finish(outcome: Outcome, finish: string, answer: () => void, code = 'ok', again: Again | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#secret?.wipe();
    clearTimeout(this.#deadline);
    const complete = code === 'ok' && !this.#relay.gone;
    try {
      answer();
    } catch (cause) {
      this.#deps.log.error({ hold: this.#held.holdId, cause: describe(cause) }, 'an answer could not be handed over');
      this.#copy?.drop();
      this.#res.destroy();
    }
    const { metrics, clock } = this.#deps;
    if (again === null) metrics.calls.inc({ endpoint: this.#request.spec.name, outcome: code });
    else metrics.retries.inc({ endpoint: this.#request.spec.name, outcome: code });
    const atWorkMs = this.#started ? clock.monotonicMs() - this.#sentAt : 0;
    const request = () => settlement(this.#held, outcome, this.#delivered(complete, finish), clock.wallMs(), atWorkMs);
    // A call holds all the minutes that are left, often: the next one waits for what it gives back.
    const isUrgent = again !== null || this.#held.source.row.minutesAccountId !== null;
    const settled = settleHeld(this.#deps, this.#held, request, isUrgent);
    if (this.#copy !== null && code === 'ok') this.#deps.replays.keep(this.#request, this.#held.receiptId, this.#copy, settled);
    else this.#copy?.drop();
    void settled.finally(() => this.#resolve(again));
  }

  #delivered(complete: boolean, finish: string) {
    const { bytes } = this.#relay;
    const summary = this.#scanner?.summary();
    const textBytes = BigInt(summary?.contentBytes ?? 0);
    return {
      status: this.#status,
      bytes,
      complete,
      responseHash: this.#relay.digest(complete),
      finish,
      textBytes,
      seen: summary?.usage ?? null,
    };
  }

  #answerHeaders(): Headers {
    return answerHeaders(this.#held, this.#request.spec.dialect, this.#overheadMs);
  }
}
