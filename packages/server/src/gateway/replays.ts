import type { ServerResponse } from 'node:http';
import { TallyError } from '@tallystick/core';
import { ByteBudget } from '#ground/byte-budget';
import type { Clock } from '#ground/clock';
import { describe } from '#ground/describe';
import type { Log } from '#ground/log';
import type { Metrics } from '#ground/metrics';
import type { Ledger } from '#ledger';
import { AnswerCopy, type KeptAnswer } from './answer-copy.ts';
import { openAnswer, sealAnswer } from './answer-seal.ts';
import { idHeaders } from './headers.ts';
import { refusalError } from './refusals.ts';
import type { CallRequest } from './request.ts';

/** So many answers of full size are in memory at a time, while they are collected, stored or given out again. */
const IN_MEMORY_MAX = 64;

export type ReplaysDeps = {
  readonly ledger: Pick<Ledger, 'keepReplay' | 'replay'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'calls' | 'replays'>;
  readonly bytesMax: number;
  readonly readerStallMs: number;
};

type Found = KeptAnswer & { readonly callId: string; readonly receiptId: string };

/**
 * Answers that are kept for a while, sealed, so that a caller whose key asks for it and who sends the same call again under the same
 * idempotency key gets the same answer. Nothing is held or sent for that.
 */
export class Replays {
  readonly #deps: ReplaysDeps;
  readonly #memory: ByteBudget;
  /** Answers on their way into the books, by receipt: a retry that is quicker than that waits for them. */
  readonly #storing = new Map<string, { readonly callId: string; readonly done: Promise<void> }>();

  constructor(deps: ReplaysDeps) {
    this.#deps = deps;
    this.#memory = new ByteBudget(IN_MEMORY_MAX * deps.bytesMax);
  }

  /** @returns null for a call whose answer is not to be kept. */
  copyFor({ idempotencyKey, principal }: CallRequest): AnswerCopy | null {
    if (idempotencyKey === undefined || principal.key.replayS === 0) return null;
    return new AnswerCopy(this.#memory.reserve(), this.#deps.bytesMax);
  }

  /** Seals and stores a whole answer once its call is `settled`, which comes first. Whatever goes wrong, only the replay is lost. */
  keep(call: CallRequest, receiptId: string, copy: AnswerCopy, settled: Promise<void>): void {
    const { log, metrics } = this.#deps;
    const storing = settled
      .then(() => this.#store(call, receiptId, copy))
      .then((kept) => metrics.replays.inc({ event: kept ? 'kept' : 'not_kept' }))
      .catch((cause: unknown) => log.warn({ receipt: receiptId, cause: describe(cause) }, 'an answer could not be kept for a retry'))
      .finally(() => {
        copy.drop();
        this.#storing.delete(receiptId);
      });
    this.#storing.set(receiptId, { callId: call.callId, done: storing });
  }

  /** Resolves when no answer of this call is on its way into the books. */
  async stored(callId: string): Promise<void> {
    await [...this.#storing.values()].find((storing) => storing.callId === callId)?.done;
  }

  /**
   * Gives the first call's answer, where `refused` says that there was one and it is still kept.
   * @returns whether it did. @throws what a hold would be refused with where the key may not be used now, OVERLOADED.
   */
  async answer(call: CallRequest, res: ServerResponse, refused: unknown): Promise<boolean> {
    if (!(refused instanceof TallyError) || refused.code !== 'ALREADY_SERVED' || call.principal.key.replayS === 0) return false;
    const found = await this.#find(call, String(refused.facts['receipt']));
    if (found === null) return false;
    // Who has left meanwhile may come back once more.
    if (res.destroyed || res.closed) return true;
    const room = this.#memory.reserve();
    room.take(found.body.length);
    res.once('close', () => room.release());
    this.#send(call, res, found);
    this.#deps.metrics.replays.inc({ event: 'replayed' });
    this.#deps.metrics.calls.inc({ endpoint: call.spec.name, outcome: 'replayed' });
    return true;
  }

  async #store({ callId, principal }: CallRequest, receiptId: string, copy: AnswerCopy): Promise<boolean> {
    const answer = copy.answer();
    if (answer === null) return false;
    const expiresAt = this.#deps.clock.wallMs() + principal.key.replayS * 1000;
    const sealed = sealAnswer(principal.secret, { callId, receiptId, expiresAt }, answer);
    return this.#deps.ledger.keepReplay({ receiptId, expiresAt, sealed });
  }

  async #find({ principal: { key, secret } }: CallRequest, receiptId: string): Promise<Found | null> {
    await this.#storing.get(receiptId)?.done;
    const accounts = key.creditAccountId === null ? [key.id] : [key.id, key.creditAccountId];
    const kept = await this.#deps.ledger.replay(receiptId, accounts);
    if (kept.result === 'refused') throw refusalError(kept.refusal, true);
    if (kept.result === 'none') return null;
    const { callId, expiresAt, sealed } = kept;
    const answer = openAnswer(secret, { callId, receiptId, expiresAt }, sealed);
    if (answer !== null) return { ...answer, callId, receiptId };
    this.#deps.log.error({ receipt: receiptId }, 'a kept answer does not match its seal; it is not given out');
    this.#deps.metrics.replays.inc({ event: 'unreadable' });
    return null;
  }

  #send({ spec }: CallRequest, res: ServerResponse, { status, headers, body, callId, receiptId }: Found): void {
    // As with any answer: the rest of it is not kept for ever for one who does not take it.
    res.setTimeout(this.#deps.readerStallMs, () => void res.destroy());
    res.writeHead(status, {
      ...idHeaders(callId, spec.dialect),
      'x-tally-receipt': receiptId,
      'x-tally-replayed': 'true',
      ...headers,
      'content-length': String(body.length),
    });
    res.end(body);
  }
}
