import type { IncomingHttpHeaders } from 'node:http';
import { isCountable, TallyError } from '@tallystick/core';
import { describe } from '#ground/describe';
import type { HoldRefusal } from '#ledger';
import type { GatewayDeps } from './deps.ts';
import { type Held, placeHold } from './hold.ts';
import { type Offer, proofOffer } from './offer.ts';
import type { Counter } from './providers/endpoint.ts';
import { existingError, isMine, refusalError } from './refusals.ts';
import type { CallRequest } from './request.ts';
import { settlement } from './settlement.ts';
import type { Source } from './sources.ts';
import { parseObject } from './stream/json.ts';
import type { Trail } from './trail.ts';
import { SEND_WITHIN_MS, type UpstreamCall, type UpstreamEvents } from './upstream.ts';
import { upstreamRefusal } from './upstream-error.ts';
import { upstreamHeaders } from './upstream-headers.ts';
import { CarriedSecret } from './upstream-secret.ts';
import type { Job, Work } from './work.ts';

/** A count is one small number. */
const ANSWER_BYTES_MAX = 65_536;
/** A count that takes longer than this is of no use: the call waits for it. */
const COUNT_MS_MAX = 15_000;
/** Counts for one call, however many sources could be asked: they cost the caller nothing. */
const COUNTS_MAX = 2;
/** The least that a counted call needs: the margin of its count and a little output. */
const COUNTED_NEED_MIN = 528n;

/**
 * Whether asking the provider for a count can help: its giver has agreed, counting is documented to be free, and there is room for more than
 * the margin. @param refusal why the proven bound did not fit; null where there is none.
 */
export function canCount(call: CallRequest, source: Source, refusal: HoldRefusal | null): boolean {
  if (!source.row.countConsent || !isCounted(call, source)) return false;
  if (refusal === null) return true;
  if (refusal.code !== 'CAP_EXCEEDED' && refusal.code !== 'CAP_BUSY') return false;
  // What is held now may be free again when the count is there.
  return refusal.asset !== 'tokens' || refusal.available + refusal.held >= COUNTED_NEED_MIN;
}

/** @returns whether the provider counts such requests for nothing, as far as the facts know. */
export function isCounted({ plan, spec }: CallRequest, source: Source): boolean {
  const facts = source.models.get(plan.model);
  return spec.counter !== null && !spec.isFree && facts !== undefined && isCountable(facts);
}

/**
 * Asks the provider what the request's input comes to. Like every request on the wire it has a hold of its own (of nothing, since counting is
 * free) and a receipt. @returns tokens, or why they are not known.
 * @throws SHUTTING_DOWN, LEDGER_UNAVAILABLE, POOL_STOPPED, the idempotency codes, and refusals of the caller's own key.
 */
export async function countInput(
  deps: GatewayDeps,
  call: CallRequest,
  trail: Trail,
  work: Work,
  source: Source,
): Promise<bigint | TallyError> {
  const known = trail.counted(source.row.id);
  if (known !== undefined) return known;
  if (trail.counts >= COUNTS_MAX) return new TallyError('CAP_EXCEEDED', TOO_MANY_COUNTS);
  const counter = call.spec.counter as Counter;
  const asked = proofOffer(deps, { ...call, spec: { ...call.spec, isFree: true } }, source);
  if (asked instanceof TallyError) return asked;
  const body = counter.body(call.plan, asked.body);
  // The idempotency key is the call's, and so is its reservation: a count serves nobody, and takes nothing out of it.
  const { sourceId } = call.pool;
  const counting = { ...call, idempotencyKey: undefined, pool: { sourceId } };
  const placed = await placeHold(deps, counting, trail, { ...asked, body, output: 0n } satisfies Offer, {
    name: 'count',
    deadlineMs: COUNT_MS_MAX,
  });
  if ('not' in placed) {
    if (placed.not.result === 'existing') throw existingError(placed.not);
    const { refusal } = placed.not;
    const error = refusalError(refusal, isMine(refusal, source));
    if (refusal.code === 'POOL_STOPPED' || isMine(refusal, source)) throw error;
    return error;
  }
  trail.asked();
  const counted = await work.finish(new CountRequest(deps, call, counter, placed.held));
  if (!(counted instanceof TallyError)) trail.count(source.row.id, counted);
  return counted;
}

/** One request to a count endpoint: sent at most once, and settled at nothing whatever happens, which is what the facts say it costs. */
class CountRequest implements UpstreamEvents, Job<bigint | TallyError> {
  readonly #deps: GatewayDeps;
  readonly #call: CallRequest;
  readonly #counter: Counter;
  readonly #held: Held;
  readonly #deadline: NodeJS.Timeout;
  readonly #ended: Promise<bigint | TallyError>;
  #resolve: (ended: bigint | TallyError) => void = () => {};
  #upstream: UpstreamCall | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #done = false;
  /** Lives as long as the request that carries it, to be taken out of what the upstream says of it. */
  #secret: CarriedSecret | null = null;

  constructor(deps: GatewayDeps, call: CallRequest, counter: Counter, held: Held) {
    this.#deps = deps;
    this.#call = call;
    this.#counter = counter;
    this.#held = held;
    this.#ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#deadline = setTimeout(() => this.#cut(new TallyError('UPSTREAM_TIMEOUT', COUNT_FAILED)), held.deadlineMs);
  }

  run(): Promise<bigint | TallyError> {
    const { plan, spec } = this.#call;
    try {
      this.#upstream = this.#deps.vault.open(this.#held.permit, (secret) => {
        const carried = new CarriedSecret(secret);
        this.#secret = carried;
        const headers = upstreamHeaders(spec.dialect, plan.passedHeaders, 'application/json', carried.standIn);
        return this.#held.source.upstream.send({ path: this.#counter.path(plan), headers, body: this.#held.body, secret: carried }, this);
      });
    } catch (error) {
      this.#end(error instanceof TallyError ? error : new TallyError('SECRET_UNAVAILABLE', undefined, {}, { cause: error }));
    }
    return this.#ended;
  }

  abort(): void {
    this.#cut(new TallyError('SHUTTING_DOWN'));
  }

  start(): boolean {
    return !this.#done && this.#deps.clock.monotonicMs() - this.#held.heldAt <= SEND_WITHIN_MS;
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > ANSWER_BYTES_MAX) this.#cut(new TallyError('UPSTREAM_ERROR', COUNT_FAILED));
    else this.#chunks.push(chunk);
  }

  end(): void {
    const body = Buffer.concat(this.#chunks);
    if (this.#status < 200 || this.#status > 299) {
      const { host } = this.#held.source;
      const answer = { dialect: this.#call.spec.dialect, host, status: this.#status, headers: this.#headers, body };
      const { error } = upstreamRefusal({ ...answer, nowMs: this.#deps.clock.wallMs() }, this.#secret?.bytes);
      // That there is no such endpoint or model there is not the caller's fault.
      const isAbsent = this.#status === 404 || this.#status === 405;
      this.#end(isAbsent ? new TallyError('UPSTREAM_ERROR', COUNT_FAILED) : error);
      return;
    }
    const json = parseObject(body);
    this.#end((json === null ? null : this.#counter.read(json)) ?? new TallyError('UPSTREAM_ERROR', COUNT_FAILED));
  }

  error(_error: Error, sent: boolean): void {
    this.#end(new TallyError(sent ? 'UPSTREAM_ERROR' : 'UPSTREAM_UNREACHABLE', COUNT_FAILED));
  }

  #cut(error: TallyError): void {
    if (this.#done) return;
    this.#end(error);
    this.#upstream?.abort();
  }

  #end(ended: bigint | TallyError): void {
    if (this.#done) return;
    this.#done = true;
    this.#secret?.wipe();
    clearTimeout(this.#deadline);
    void this.#settle(ended).finally(() => this.#resolve(ended));
  }

  /** At once: the call's own hold may need its idempotency key. */
  async #settle(ended: bigint | TallyError): Promise<void> {
    const reason = ended instanceof TallyError ? `the count failed: ${ended.code}` : `counted ${ended} tokens of input; counting is free`;
    const delivered = {
      status: this.#status,
      bytes: 0,
      complete: false,
      responseHash: NOTHING_HASH,
      finish: '',
      textBytes: 0n,
      seen: null,
    };
    try {
      const request = settlement(this.#held, { kind: 'released', reason }, delivered, this.#deps.clock.wallMs(), 0);
      if ((await this.#deps.ledger.settle(request, 'now')).result === 'settled') this.#deps.onReceipt();
    } catch (cause) {
      this.#deps.log.error(
        { hold: this.#held.holdId, cause: describe(cause) },
        'a count could not be settled; its hold of nothing stays open',
      );
    }
  }
}

const COUNT_FAILED = 'The upstream did not tell what this request comes to, and no proven bound fits under the cap. It was not sent.';
const TOO_MANY_COUNTS = 'No proven bound fits, and as many providers as may be were asked for a count.';
const NOTHING_HASH = `0x${'0'.repeat(64)}` as const;
