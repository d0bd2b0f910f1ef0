import { TallyError } from '@tallystick/core';
import type { Dispatcher } from 'undici';
import { type CallEvent, type CallRequest, type Calls, gatewayError, POOL_DIALECTS, SseData } from '#pool';
import type { Loopback } from './loopback.ts';

/** Largest answer that is no stream, bytes: an error. */
const ERROR_BYTES_MAX = 65_536;

/** Calls of tasks through the gateway's own door, each as a stream under an idempotency key. */
export class LoopbackCalls implements Calls {
  readonly #door: () => Loopback;
  readonly #secret: (taskId: string) => string;

  /** @param secret of the task's virtual key. */
  constructor(door: () => Loopback, secret: (taskId: string) => string) {
    this.#door = door;
    this.#secret = secret;
  }

  async *call(asked: CallRequest): AsyncGenerator<CallEvent> {
    const { wire, reader: readerOf } = POOL_DIALECTS[asked.dialect];
    const { path, body } = wire(asked.ask);
    const answer = await this.#send(asked, path, body);
    const receiptId = header(answer, 'x-tally-receipt');
    const callId = header(answer, 'x-tally-call-id');
    if (answer.statusCode !== 200 || receiptId === null || callId === null) {
      throw await refusalIn(answer, receiptId ?? header(answer, 'x-tally-earlier-receipt'));
    }
    const held = header(answer, 'x-tally-held');
    yield { kind: 'admitted', callId, receiptId, held: held === null ? null : BigInt(held) };
    const reader = readerOf();
    const events = new SseData();
    for await (const bytes of received(answer, asked.signal)) {
      for (const data of events.push(bytes)) {
        const text = reader.read(data);
        if (text !== '') yield { kind: 'text', text };
      }
    }
    const end = reader.end();
    if (end === null) throw new TallyError('UPSTREAM_ERROR', 'The answer ended before it was complete.');
    yield { kind: 'end', ...end };
  }

  async #send({ taskId, keyId, reservationId, idempotencyKey, signal }: CallRequest, path: string, body: string) {
    const headers = {
      authorization: `Bearer ${this.#secret(taskId)}`,
      'idempotency-key': idempotencyKey,
      'x-tally-source': keyId,
      ...(reservationId === null ? {} : { 'x-tally-reservation': reservationId }),
    };
    try {
      return await this.#door().post(path, headers, body, signal);
    } catch (cause) {
      signal.throwIfAborted();
      // Whether it was admitted is not known; the idempotency key tells when it is asked again.
      throw cause instanceof TallyError ? cause : new TallyError('SHUTTING_DOWN', 'The gateway could not be reached.', {}, { cause });
    }
  }
}

async function* received({ body }: Dispatcher.ResponseData, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body) yield bytes as Uint8Array;
  } catch (cause) {
    signal.throwIfAborted();
    throw new TallyError('UPSTREAM_ERROR', 'The answer broke off.', {}, { cause });
  }
}

function header({ headers }: Dispatcher.ResponseData, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

async function refusalIn(answer: Dispatcher.ResponseData, receiptId: string | null): Promise<TallyError> {
  const bytes: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += (chunk as Buffer).length;
    if (size <= ERROR_BYTES_MAX) bytes.push(chunk as Buffer);
  }
  const said = errorIn(Buffer.concat(bytes).toString());
  const opens = unlocksAt(said);
  const facts = { ...(receiptId === null ? {} : { receipt: receiptId }), ...(opens === null ? {} : { unlocks_at: opens }) };
  return gatewayError(header(answer, 'x-tally-error') ?? 'UPSTREAM_ERROR', said['message'], facts);
}

type Said = { readonly message?: unknown; readonly unlocks_at?: unknown; readonly details?: readonly { readonly metadata?: Said }[] };

/** In all dialects it stands in the same place. */
function errorIn(body: string): Said {
  try {
    return (JSON.parse(body) as { error?: Said }).error ?? {};
  } catch {
    return {};
  }
}

/** When the lockout ends, Unix ms: beside the message, in Google's dialect in the details. */
function unlocksAt({ unlocks_at: own, details }: Said): number | null {
  const found = Number(own ?? details?.[0]?.metadata?.unlocks_at ?? Number.NaN);
  return Number.isSafeInteger(found) ? found : null;
}
