import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { normaliseUsage, TallyError, type Usage, usageTotal } from '@tallystick/core';
import type { SettleRequest } from '#ledger';
import type { Held } from './admission.ts';
import { errorFrame, sendError } from './answer.ts';
import type { GatewayDeps } from './deps.ts';
import { describe } from './describe.ts';
import { answerHeaders } from './headers.ts';
import { isBeyond, jsonBytesAllowed, textBytesAllowed } from './overrun.ts';
import type { EndpointSpec, Plan } from './providers/openai/endpoints.ts';
import { Relay } from './relay.ts';
import { type Outcome, settlement } from './settlement.ts';
import type { StreamEvent, StreamScanner, StreamSummary } from './stream/events.ts';
import { parseObject } from './stream/json.ts';
import { SEND_WITHIN_MS, type UpstreamCall, type UpstreamEvents } from './upstream.ts';
import { ERROR_BYTES_MAX, upstreamRefusal } from './upstream-error.ts';

export type CallParts = {
  readonly spec: EndpointSpec;
  readonly plan: Plan;
  readonly held: Held;
  readonly responseSalt: Uint8Array;
  readonly arrivedAt: number;
};

/**
 * One call that has its hold: sent at most once, relayed, and settled exactly once, whatever happens.
 * Lives until it is settled, also when the caller is long gone.
 */
export class Call implements UpstreamEvents {
  readonly #deps: GatewayDeps;
  readonly #parts: CallParts;
  readonly #res: ServerResponse;
  readonly #relay: Relay;
  readonly #deadline: NodeJS.Timeout;
  readonly #settled: Promise<void>;
  #resolve: () => void = () => {};
  #upstream: UpstreamCall | null = null;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #scanner: StreamScanner | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #overheadMs = 0;
  #started = false;
  #ended = false;
  /** Lives as long as the request that carries it, to be taken out of what the upstream says of it. */
  #secret = '';

  constructor(deps: GatewayDeps, parts: CallParts, res: ServerResponse) {
    this.#deps = deps;
    this.#parts = parts;
    this.#res = res;
    this.#settled = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const hash = createHash('sha256').update(parts.responseSalt);
    // A slow reader may take half of the call's time, never all of it.
    const limits = { stallMs: deps.limits.readerStallMs, waitMs: deps.limits.callDeadlineMs / 2 };
    this.#relay = new Relay(res, hash, limits, deps.clock, {
      pause: () => this.#upstream?.pause(),
      resume: () => this.#upstream?.resume(),
    });
    this.#deadline = setTimeout(
      () => this.#cut({ kind: 'burned', reason: 'deadline', byCaller: this.#relay.waiting }, new TallyError('UPSTREAM_TIMEOUT')),
      deps.limits.callDeadlineMs,
    );
  }

  /** Opens the secret with the hold's permit and sends. @returns when the call is settled. */
  run(): Promise<void> {
    const { held, spec, plan } = this.#parts;
    try {
      this.#upstream = this.#deps.vault.open(held.permit, (secret) => {
        this.#secret = secret.toString('latin1');
        const accept = plan.stream ? 'text/event-stream' : 'application/json';
        const own = ['content-type', 'application/json', 'accept', accept, 'accept-encoding', 'identity'];
        const headers = [...own, 'authorization', `Bearer ${this.#secret}`];
        return held.source.upstream.send({ path: spec.upstreamPath, headers, body: held.body }, this);
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
    const { held, arrivedAt } = this.#parts;
    const now = this.#deps.clock.monotonicMs();
    if (this.#ended || now - held.heldAt > SEND_WITHIN_MS) return false;
    if (this.#relay.gone) return false;
    this.#started = true;
    this.#overheadMs = now - arrivedAt;
    this.#deps.metrics.overhead.observe(this.#overheadMs / 1000);
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
    if (this.#parts.plan.stream && /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))) {
      this.#scanner = this.#parts.spec.scanner(this.#parts.plan);
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
    if (!sent) {
      this.#fail(
        { kind: 'released', reason: 'it was never sent' },
        new TallyError('UPSTREAM_UNREACHABLE', 'No connection to the upstream could be made; nothing was sent or spent.'),
      );
      return;
    }
    const timeout = /timeout/i.test(error.name + error.message);
    this.#fail(
      this.#known(this.#scanner, 'connection lost'),
      new TallyError(
        timeout ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_ERROR',
        timeout ? undefined : 'The upstream closed the connection before its answer was complete.',
      ),
    );
  }

  #stream(scanner: StreamScanner, chunk: Buffer): void {
    try {
      const { events, relay } = scanner.push(chunk);
      if (this.#overran(scanner)) return;
      // Its words are not passed on: providers have been seen to quote parts of the key.
      if (events.some(({ kind }) => kind === 'error')) {
        this.#cut(
          this.#known(scanner, 'error in the stream'),
          new TallyError('UPSTREAM_ERROR', 'The upstream reported an error inside its stream.'),
        );
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
      if (event.kind !== 'usage' || event.usage === null || !isBeyond(this.#parts.held, this.#parts.plan, event.usage)) continue;
      this.#freezeBeyond(event.usage);
      this.#cut({ kind: 'metered', usage: event.usage }, new TallyError('UPSTREAM_OVERRUN'));
    }
  }

  /** A part of a JSON answer. */
  #part(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const { held, plan, spec } = this.#parts;
    if (spec.outputFields.length === 0) return;
    const allowed = jsonBytesAllowed(held, plan);
    if (BigInt(this.#bytes) > allowed) this.#tooMuchText();
  }

  #overran(scanner: StreamScanner): boolean {
    const allowed = textBytesAllowed(this.#parts.held, this.#parts.plan);
    if (BigInt(scanner.summary().contentBytes) <= allowed) return false;
    this.#tooMuchText();
    return true;
  }

  /** More text than the limit can have made. */
  #tooMuchText(): void {
    const reason = 'overrun: more text than its output limit allows';
    if (!this.#ended) this.#freeze(reason);
    this.#cut({ kind: 'burned', reason }, new TallyError('UPSTREAM_OVERRUN'));
  }

  /** Beyond the hold the ledger itself freezes, and counts the excess; beyond the output limit alone, nothing else would. */
  #freezeBeyond(usage: Usage): void {
    if (usageTotal(usage) <= this.#parts.held.bound.total) this.#freeze('overrun: it reports more output than its limit');
  }

  /** Asked of the ledger before the answer ends, so it stands before anything else is held. */
  #freeze(reason: string): void {
    const source = this.#parts.held.source.row.id;
    this.#deps.ledger
      .setState(source, 'frozen', reason)
      .catch((cause: unknown) => this.#deps.log.error({ source, cause: String(cause) }, 'a source that overran could not be frozen'));
    this.#deps.metrics.overrun.inc();
  }

  /**
   * A usage report that has arrived stands, even where the end of the stream did not; but only one of a finished answer: some servers
   * report with every chunk, and what they bill after the last one that came is not known.
   */
  #known(scanner: StreamScanner | null, reason: string): Outcome {
    const summary = scanner?.summary();
    if (summary === undefined || summary.usage === null || !this.#isFinished(summary)) return { kind: 'burned', reason };
    return { kind: 'metered', usage: summary.usage };
  }

  /** A report that text came after, or one of several that cannot be read, is not the last word, whatever ends the stream. */
  #isFinished({ done, errorCode, choicesEndedAtUsage, usageStale, usageUnusable }: StreamSummary): boolean {
    if (usageStale || usageUnusable > 0) return false;
    return (done && errorCode === null) || choicesEndedAtUsage >= this.#parts.plan.choices;
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
    const summary = scanner.summary();
    const { usage, done, finishReasons, errorCode } = summary;
    const answer = () => {
      for (const bytes of rest) this.#relay.write(bytes);
      this.#relay.end();
    };
    if (usage !== null && this.#isFinished(summary)) {
      this.#finish({ kind: 'metered', usage }, finishReasons.join(','), answer);
    } else if (done && errorCode === null) {
      this.#finish({ kind: 'bound', reason: 'the stream carried no usable usage' }, finishReasons.join(','), answer);
    } else {
      // A frame that was cut is not passed on: the error's own frame would run into it, and no client could read either.
      this.#fail(
        { kind: 'burned', reason: 'the stream was cut' },
        new TallyError('UPSTREAM_ERROR', 'The upstream ended its stream before it was complete.'),
      );
    }
  }

  #whole(): void {
    const body = Buffer.concat(this.#chunks);
    const json = parseObject(body);
    if (json === null) {
      this.#fail(
        { kind: 'bound', reason: 'the answer is not JSON' },
        new TallyError('UPSTREAM_ERROR', 'The upstream’s answer is not a JSON object.'),
      );
      return;
    }
    if (json['error'] != null && json['object'] === undefined) {
      this.#fail(
        { kind: 'bound', reason: 'an error in place of an answer' },
        new TallyError('UPSTREAM_ERROR', 'The upstream answered with status 200 and an error.'),
      );
      return;
    }
    const usage = normaliseUsage(this.#parts.spec.usage, json['usage']);
    if (usage !== null && isBeyond(this.#parts.held, this.#parts.plan, usage)) this.#freezeBeyond(usage);
    const outcome: Outcome = usage === null ? { kind: 'bound', reason: 'the answer carried no usable usage' } : { kind: 'metered', usage };
    this.#finish(outcome, '', () => {
      this.#relay.head(this.#status, {
        ...this.#answerHeaders(),
        'content-type': 'application/json',
        'content-length': String(body.length),
      });
      this.#relay.end(body);
    });
  }

  #refused(): void {
    const { host } = this.#parts.held.source;
    const { error, unbilled } = upstreamRefusal(host, this.#status, this.#headers, Buffer.concat(this.#chunks), this.#secret);
    const reason = `upstream status ${this.#status}`;
    // A donor who lets nothing be released does not take the provider's word for what it bills either.
    const released = unbilled && this.#parts.held.source.row.settle !== 'hold';
    // What the upstream finds wrong with the request is the caller's to pay: else a bad request would drain a gift at no cost.
    const byCaller = error.code === 'UPSTREAM_REFUSED';
    this.#fail(released ? { kind: 'released', reason } : { kind: 'burned', reason, byCaller }, error);
  }

  /** Ends a call that may still be running upstream. */
  #cut(outcome: Outcome, error: TallyError): void {
    if (this.#ended) return;
    this.#fail(outcome, error);
    this.#upstream?.abort();
  }

  #fail(outcome: Outcome, error: TallyError): void {
    this.#finish(
      outcome,
      '',
      () => {
        if (this.#relay.gone) return;
        if (this.#relay.headSent) this.#relay.end(errorFrame(error));
        else sendError(this.#res, error, this.#answerHeaders());
      },
      error.code,
    );
  }

  /** The one ending: answers first, then settles off the answer's path. */
  #finish(outcome: Outcome, finish: string, answer: () => void, code = 'ok'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#secret = '';
    clearTimeout(this.#deadline);
    const complete = code === 'ok' && !this.#relay.gone;
    try {
      answer();
    } catch (cause) {
      this.#deps.log.error({ hold: this.#parts.held.holdId, cause: describe(cause) }, 'an answer could not be handed over');
      this.#res.destroy();
    }
    this.#deps.metrics.calls.inc({ endpoint: this.#parts.spec.endpoint, outcome: code });
    void this.#settle(outcome, complete, finish).finally(this.#resolve);
  }

  /** Never throws, and never gives back what is not known: where settling fails, the hold stays open and is burned at the next start. */
  async #settle(outcome: Outcome, complete: boolean, finish: string): Promise<void> {
    const { held } = this.#parts;
    try {
      const request = this.#settlement(outcome, complete, finish);
      const settled = await this.#deps.ledger.settle(request, request.tokens > held.bound.total ? 'now' : 'soon');
      if (settled.result !== 'settled') return;
      this.#deps.onReceipt();
      if (settled.overrun === 0n) return;
      this.#deps.metrics.overrun.inc();
      const facts = { source: held.source.row.id, receipt: settled.receiptId, overrun: String(settled.overrun) };
      this.#deps.log.error(facts, 'a source billed beyond its limit and is frozen');
    } catch (cause) {
      this.#deps.log.error({ hold: held.holdId, cause: describe(cause) }, 'a call could not be settled; its hold stays spent');
      // What cannot be accounted for may be an overrun: nothing more goes through this source until somebody has looked.
      if (!(cause instanceof TallyError && cause.status === 503)) this.#freeze('a call on it could not be settled');
    }
  }

  #settlement(outcome: Outcome, complete: boolean, finish: string): SettleRequest {
    const textBytes = BigInt(this.#scanner?.summary().contentBytes ?? 0);
    const delivered = {
      status: this.#status,
      bytes: this.#relay.bytes,
      complete,
      responseHash: this.#relay.digest(complete),
      finish,
      textBytes,
    };
    return settlement(this.#parts.held, outcome, delivered, this.#deps.clock.wallMs());
  }

  #answerHeaders(): Record<string, string> {
    return answerHeaders(this.#parts.held, this.#overheadMs);
  }
}
