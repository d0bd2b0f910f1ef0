import { EventEmitter } from 'node:events';
import type { WriterPort } from './channel.ts';
import type { WriterMessage, WriterReply } from './protocol.ts';

/** A way to the writer by whatever carries messages there: what is asked goes to `send`, what is answered is handed in here. */
export class RelayPort extends EventEmitter implements WriterPort {
  readonly #send: (message: WriterMessage) => void;

  constructor(send: (message: WriterMessage) => void) {
    super();
    this.#send = send;
  }

  postMessage(message: WriterMessage): void {
    this.#send(message);
  }

  reply(reply: WriterReply): void {
    this.emit('message', reply);
  }

  /** The writer, or the way to it, is gone. */
  end(): void {
    this.emit('exit', 1);
  }
}
