import type { IncomingMessage, ServerResponse } from 'node:http';
import { TallyError } from '@tallystick/core';
import { ByteBudget } from '#ground/byte-budget';
import { readBody } from '#ground/http-body';
import { OTHER_BODY_BYTES_MAX } from '../http-server.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** Requests that wait for their answer at a time, and their bodies in all. */
const PASSED_MAX = 256;
const BODIES_MAX = 16;

/** What somebody who reads a stream may be behind, bytes: beyond it the stream is cut, and can be taken up again. */
const BEHIND_BYTES_MAX = 1_048_576;

type Answer = Extract<ToWorker, { kind: 'answer' | 'answer-part' | 'answer-end' }>;

/** What is no caller's request goes on to the process that has the books, and is answered there. */
export class PassOn {
  readonly #post: (message: FromWorker, body?: Buffer) => void;
  readonly #timeoutMs: number;
  readonly #bodies = new ByteBudget(BODIES_MAX * OTHER_BODY_BYTES_MAX);
  readonly #passed = new Map<number, ServerResponse>();
  #nextId = 1;

  constructor(post: (message: FromWorker, body?: Buffer) => void, timeoutMs: number) {
    this.#post = post;
    this.#timeoutMs = timeoutMs;
  }

  async request(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const room = this.#bodies.reserve();
    try {
      if (this.#passed.size >= PASSED_MAX) throw new TallyError('OVERLOADED');
      const body = await readBody(req, { bytesMax: OTHER_BODY_BYTES_MAX, timeoutMs: this.#timeoutMs, room });
      this.#ask(req, res, body);
    } catch (cause) {
      refuse(res, cause);
    } finally {
      room.release();
    }
  }

  /** @param bytes beside the message, gone when this returns. */
  answered(message: Answer, bytes: Buffer): void {
    const res = this.#passed.get(message.id);
    if (res === undefined) return;
    switch (message.kind) {
      case 'answer':
        this.#head(res, message, bytes);
        break;
      case 'answer-part':
        res.write(Buffer.from(bytes));
        if (res.writableLength > BEHIND_BYTES_MAX) res.destroy();
        break;
      case 'answer-end':
        this.#passed.delete(message.id);
        if (message.isWhole) res.end();
        else res.destroy();
    }
  }

  #head(res: ServerResponse, { id, status, headers, isStream }: Extract<Answer, { kind: 'answer' }>, bytes: Buffer): void {
    if (isStream) {
      res.writeHead(status, headers.flat());
      res.flushHeaders();
      return;
    }
    this.#passed.delete(id);
    const body = Buffer.from(bytes);
    res.writeHead(status, [...headers, ['content-length', String(body.length)]].flat());
    res.end(body);
  }

  #ask(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
    if (res.destroyed) return;
    const id = this.#nextId;
    this.#nextId += 1;
    const { method = 'GET', url: path = '/', rawHeaders: headers } = req;
    this.#passed.set(id, res);
    res.once('close', () => {
      if (this.#passed.delete(id)) this.#post({ kind: 'request-left', id });
    });
    this.#post({ kind: 'request', id, method, path, headers }, body);
    // It may name a key.
    body.fill(0);
  }
}

function refuse(res: ServerResponse, cause: unknown): void {
  if (res.destroyed || res.headersSent) return;
  const error = cause instanceof TallyError ? cause : new TallyError('INTERNAL', undefined, {}, { cause });
  const { code, message, fix, facts } = error;
  const body = JSON.stringify({ error: { code, message, fix, facts } });
  res.writeHead(error.status, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) });
  res.end(body);
}
