import type { Socket } from 'node:net';
import { TallyError } from '@tallystick/core';
import { buildConnector } from 'undici';
import { randomHex } from '#ground/ids';

/** No caller can guess one that is in use, so nothing in a request can be mistaken for it. */
const STAND_INS = /stand-in-[0-9a-f]{32}/g;

/**
 * A secret on its way into one request. A word stands in for it in the request's headers, and its bytes are put in its place only as
 * they are written to the socket: the runtime copies strings at will, keeps them as garbage for minutes, and cannot zero them.
 */
export class CarriedSecret {
  readonly standIn = `stand-in-${randomHex(16)}`;
  /** Of its own memory, not a slice of the runtime's pool, from which other buffers are cut. */
  readonly bytes: Buffer;

  /** @param secret copied; whoever opened it zeroes it. */
  constructor(secret: Buffer) {
    this.bytes = Buffer.allocUnsafeSlow(secret.length);
    secret.copy(this.bytes);
  }

  /** To be called when the request has ended, however it did. */
  wipe(): void {
    this.bytes.fill(0);
  }
}

/** The secrets of one host's requests that wait to be written. */
export class SecretWriter {
  readonly #waiting = new Map<string, CarriedSecret>();

  expect(secret: CarriedSecret): void {
    this.#waiting.set(secret.standIn, secret);
  }

  forget(secret: CarriedSecret): void {
    this.#waiting.delete(secret.standIn);
  }

  /** Opens connections whose requests' heads get their secrets as they are written. */
  connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector(options);
    return (to, done) =>
      connect(to, (...result) => {
        const [error, socket] = result;
        if (error === null) done(null, this.#watched(socket));
        else done(error, null);
      });
  }

  #watched<T extends Socket>(socket: T): T {
    const write = socket.write.bind(socket) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
    const filled = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      if (typeof chunk !== 'string') return write(chunk, ...rest);
      const head = this.#filled(chunk);
      // Called too where the connection is lost.
      return write(head, () => head.fill(0));
    };
    socket.write = filled as T['write'];
    return socket;
  }

  /** @param head of a request: all that is ever written as a string. */
  #filled(head: string): Buffer {
    for (const { 0: standIn, index } of head.matchAll(STAND_INS)) {
      const secret = this.#waiting.get(standIn);
      if (secret === undefined) continue;
      this.#waiting.delete(standIn);
      return spliced(head.slice(0, index), secret.bytes, head.slice(index + standIn.length));
    }
    throw new TallyError('INTERNAL', 'A request was about to be written without its secret.');
  }
}

function spliced(before: string, secret: Buffer, after: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(before.length + secret.length + after.length);
  bytes.write(before, 'latin1');
  secret.copy(bytes, before.length);
  bytes.write(after, before.length + secret.length, 'latin1');
  return bytes;
}
