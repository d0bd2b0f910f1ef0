import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { normaliseUsage, TallyError, type Usage, usageTotal } from '@tallystick/core';
import type { Held } from './admission.ts';
import { errorFrame, sendError } from './answer.ts';
import type { GatewayDeps } from './deps.ts';
import { answerHeaders } from './headers.ts';
import type { EndpointSpec, Plan } from './providers/openai/endpoints.ts';
import { Relay } from './relay.ts';
import { type Outcome, settlement } from './settlement.ts';
import type { StreamScanner, StreamSummary } from './stream/events.ts';
import { SEND_WITHIN_MS, type UpstreamCall, type UpstreamEvents } from './upstream.ts';
import { ERROR_BYTES_MAX, upstreamRefusal } from './upstream-error.ts';

/**
 * No token of a public vocabulary is longer than 128 bytes. Visible text beyond limit × 128 bytes therefore proves
 * that the upstream went over the output limit that it was sent (o200k_base: longest token 128 bytes).
 */
const TOKEN_BYTES_MAX = 128n;

/**
 * The most that a JSON answer has of one token: it can be escaped, listed as bytes, and stand beside 20 likelier ones (`logprobs`); the
 * rest of the answer quotes the request at most. No server that keeps its word sends more, so a longer answer counts as an overrun too.
 */
const TOKEN_JSON_BYTES_MAX = 32_768n;
const ANSWER_FRAME_BYTES_MAX = 65_536n;
const ESCAPED_BYTES_MAX = 6n;

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
    this.#relay = new Relay(res, hash, deps.limits.readerStallMs, {
      pause: () => this.#upstream?.pause(),
      resume: () => this.#upstream?.resume(),
    });
    this.#deadline = setTimeout(
      () => this.#cut({ kind: 'burned', reason: 'deadline' }, new TallyError('UPSTREAM_TIMEOUT')),
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
      this.#fail({ kind: 'released', reason: 'its secret could not be opened' }, shown);
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
      for (const event of events) {
        if (event.kind !== 'usage' || event.usage === null || !this.#isBeyond(event.usage)) continue;
        this.#freezeBeyond(event.usage);
        this.#cut({ kind: 'metered', usage: event.usage }, new TallyError('UPSTREAM_OVERRUN'));
      }
    } catch (error) {
      this.#cut(
        { kind: 'burned', reason: 'unreadable stream' },
        error instanceof TallyError ? error : new TallyError('UPSTREAM_ERROR', undefined, {}, { cause: error }),
      );
    }
  }

  /** A part of a JSON answer. */
  #part(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const { held, plan, spec } = this.#parts;
    if (spec.outputFields.length === 0) return;
    const text = held.output * BigInt(plan.choices) * TOKEN_JSON_BYTES_MAX;
    const allowed = text + BigInt(held.body.length) * ESCAPED_BYTES_MAX + ANSWER_FRAME_BYTES_MAX;
    if (BigInt(this.#bytes) > allowed) this.#tooMuchText();
  }

  #overran(scanner: StreamScanner): boolean {
    const { held, plan } = this.#parts;
    const allowed = held.output * BigInt(plan.choices) * TOKEN_BYTES_MAX;
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

  /** Whether a report owns up to more than what was sent for. A fixed cost has no output limit to go beyond. */
  #isBeyond(usage: Usage): boolean {
    const { held, plan, spec } = this.#parts;
    if (usageTotal(usage) > held.bound.total) return true;
    if (held.bound.proof === 'exact' || spec.outputFields.length === 0) return false;
    return usage.output + usage.reasoning > held.output * BigInt(plan.choices);
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

  #isFinished({ done, errorCode, choicesEndedAtUsage }: StreamSummary): boolean {
    return (done && errorCode === null) || choicesEndedAtUsage >= this.#parts.plan.choices;
  }

  #streamEnd(scanner: StreamScanner): void {
    let rest: readonly Uint8Array[] = [];
    try {
      rest = scanner.end().relay;
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
    if (usage !== null && this.#isBeyond(usage)) this.#freezeBeyond(usage);
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
    this.#fail(released ? { kind: 'released', reason } : { kind: 'burned', reason }, error);
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
    answer();
    const { held, spec } = this.#parts;
    this.#deps.metrics.calls.inc({ endpoint: spec.endpoint, outcome: code });
    const delivered = { status: this.#status, bytes: this.#relay.bytes, complete, responseHash: this.#relay.digest(complete), finish };
    const request = settlement(held, outcome, delivered, this.#deps.clock.wallMs());
    this.#deps.ledger
      .settle(request, request.tokens > held.bound.total ? 'now' : 'soon')
      .then((settled) => {
        if (settled.result === 'settled' && settled.overrun > 0n) {
          this.#deps.metrics.overrun.inc();
          this.#deps.log.error(
            { source: held.source.row.id, receipt: settled.receiptId, overrun: String(settled.overrun) },
            'a source billed beyond its limit and is frozen',
          );
        }
        if (settled.result === 'settled') this.#deps.onReceipt();
      })
      // The hold stays open and is burned at the next start: nothing is given back that is not known.
      .catch((cause: unknown) =>
        this.#deps.log.error({ hold: held.holdId, cause: String(cause) }, 'a call could not be settled; its hold stays spent'),
      )
      .finally(this.#resolve);
  }

  #answerHeaders(): Record<string, string> {
    return answerHeaders(this.#parts.held, this.#overheadMs);
  }
}

function parseObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
