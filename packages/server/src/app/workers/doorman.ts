import { createServer, type Server, type Socket } from 'node:net';
import type { Config } from '#ground/config';
import { bind } from '../http-server.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Connections that wait for a worker; as many as the system keeps for a process that is slow to accept. */
const WAITING_MAX = 1024;

/**
 * Accepts the connections and hands each to the worker that has the fewest. The port is this process's alone: it stays when a worker ends,
 * and is free at once when this process does.
 */
export class Doorman {
  readonly #workers: () => Iterable<WorkerProcess>;
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  /** Who was handed the last one. */
  #last = 0;

  constructor(workers: () => Iterable<WorkerProcess>) {
    this.#workers = workers;
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#came(socket));
  }

  /** @returns the port. @throws CONFIG_INVALID */
  listen(config: Config): Promise<number> {
    return bind(this.#server, config);
  }

  /** Hands over what waits, as far as somebody can take it. */
  next(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#freest();
      if (worker === null) return;
      const socket = this.#waiting.shift();
      if (socket === undefined || socket.destroyed) continue;
      this.#last = worker.number;
      worker.hand(socket);
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  #came(socket: Socket): void {
    if (this.#waiting.length >= WAITING_MAX) {
      socket.destroy();
      return;
    }
    socket.on('error', () => {});
    this.#waiting.push(socket);
    this.next();
  }

  /** Of those with as few, the one whose turn is next: short connections come one at a time. */
  #freest(): WorkerProcess | null {
    let freest: WorkerProcess | null = null;
    const all = [...this.#workers()].filter(({ isFree }) => isFree);
    const behind = ({ number }: WorkerProcess) => (number > this.#last ? 0 : 1);
    for (const worker of all.sort((a, b) => behind(a) - behind(b)))
      if (freest === null || worker.connections < freest.connections) freest = worker;
    return freest;
  }
}
