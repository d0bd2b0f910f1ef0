import type { IncomingMessage, ServerResponse } from 'node:http';
import { TallyError } from '@tallystick/core';
import { ByteBudget } from '#ground/byte-budget';
import { readBody } from '#ground/http-body';
import { OTHER_BODY_BYTES_MAX } from '../http-server.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** Requests that wait for their answer at a time, and their bodies in all. */
const PASSED_MAX = 256;
const BODIES_MAX = 16;

type Answer = Extract<ToWorker, { kind: 'answer' }>;
type Passed = (answer: Answer, body: Buffer) => void;

/** What is no caller's request goes on to the process that has the books, and is answered there. */
export class PassOn {
  readonly #post: (message: FromWorker, body: Buffer) => void;
  readonly #timeoutMs: number;
  readonly #bodies = new ByteBudget(BODIES_MAX * OTHER_BODY_BYTES_MAX);
  readonly #passed = new Map<number, Passed>();
  #nextId = 1;

  constructor(post: (message: FromWorker, body: Buffer) => void, timeoutMs: number) {
    this.#post = post;
    this.#timeoutMs = timeoutMs;
  }

  async request(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const room = this.#bodies.reserve();
    try {
      if (this.#passed.size >= PASSED_MAX) throw new TallyError('OVERLOADED');
      const body = await readBody(req, { bytesMax: OTHER_BODY_BYTES_MAX, timeoutMs: this.#timeoutMs, room });
      const { answer, bytes } = await this.#ask(req, body);
      if (res.destroyed) return;
      res.writeHead(answer.status, [...answer.headers, ['content-length', String(bytes.length)]].flat());
      res.end(bytes);
    } catch (cause) {
      refuse(res, cause);
    } finally {
      room.release();
    }
  }

  answered(answer: Answer, body: Buffer): void {
    this.#passed.get(answer.id)?.(answer, body);
    this.#passed.delete(answer.id);
  }

  #ask(req: IncomingMessage, body: Buffer): Promise<{ answer: Answer; bytes: Buffer }> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { method = 'GET', url: path = '/', rawHeaders: headers } = req;
    return new Promise((resolve) => {
      // What comes beside a message is gone after it.
      this.#passed.set(id, (answer, bytes) => resolve({ answer, bytes: Buffer.from(bytes) }));
      this.#post({ kind: 'request', id, method, path, headers }, body);
      // It may name a key.
      body.fill(0);
    });
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
