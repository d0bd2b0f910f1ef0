import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { systemClock } from '#ground/clock';
import { openLog } from '#ground/log';
import { type Metrics, openMetrics } from '#ground/metrics';
import { Wire } from '#ground/wire';
import { type Ledger, openSharedLedger, RelayPort } from '#ledger';
import { type Callers, openCallers } from '../callers.ts';
import { makeServer } from '../http-server.ts';
import { CarriedSecrets } from './carried-secrets.ts';
import { errorOf, type FromWorker, faultOf, type Question, type ToWorker, type WorkerStart } from './messages.ts';
import { PassOn } from './pass-on.ts';

/** What of the process a worker needs: the connections that it is handed, and its end. */
export type WorkerProcessHooks = { onConnection(listener: (socket: Duplex | undefined) => void): void; exit(code: number): void };

type Serving = {
  readonly callers: Callers;
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  readonly passOn: PassOn;
  readonly server: Server;
};

/**
 * A process that serves callers and nothing else: HTTP, admission, metering, streams. The books' writer, the vault and all that is the
 * operator's are at the other end of its wire; when that is gone, so is this process, at once.
 */
export class Worker {
  readonly wire: Wire<FromWorker, ToWorker>;
  readonly #hooks: WorkerProcessHooks;
  readonly #secrets = new CarriedSecrets(systemClock);
  readonly #port = new RelayPort((message) => this.wire.post({ kind: 'ledger', message }));
  #serving: Serving | null = null;

  constructor(stream: Duplex, hooks: WorkerProcessHooks) {
    this.#hooks = hooks;
    this.wire = new Wire(stream, { message: (message, bytes) => this.#take(message, bytes), closed: () => hooks.exit(1) });
  }

  #take(message: ToWorker, bytes: Buffer): void {
    switch (message.kind) {
      case 'start':
        this.#start(message.start);
        break;
      case 'ledger':
        this.#port.reply(message.reply);
        break;
      case 'ledger-ended':
        this.#port.end();
        break;
      case 'secret':
        this.#secrets.put(message.holdId, bytes);
        break;
      case 'no-secret':
        this.#secrets.refuse(message.holdId, errorOf(message.fault));
        break;
      case 'answer':
      case 'answer-part':
      case 'answer-end':
        this.#serving?.passOn.answered(message, bytes);
        break;
      case 'ask':
        if (this.#serving !== null) void this.#answer(this.#serving, message.id, message.question);
        break;
      case 'end':
        this.#serving?.server.closeAllConnections();
        this.#hooks.exit(0);
    }
  }

  #start(start: WorkerStart): void {
    try {
      this.#serving = this.#serve(start);
      this.wire.post({ kind: 'up' });
    } catch (cause) {
      this.wire.post({ kind: 'failed', fault: faultOf(cause, 'INTERNAL') });
    }
  }

  #serve({ books, ...start }: WorkerStart): Serving {
    const { wire } = this;
    const clock = systemClock;
    const metrics = openMetrics();
    const ledger = openSharedLedger(this.#port, { ...books, clock });
    const callers = openCallers({
      ...start,
      isShared: 'url' in books.at,
      ledger,
      vault: this.#secrets,
      clock,
      log: openLog(start.config.TALLY_LOG_LEVEL),
      metrics,
      // Whoever commits a receipt tells who signs it.
      onReceipt: () => {},
      // At once: the caller, who may ask another worker next, has not heard of the overrun yet.
      onSuspend: (id, isSuspended) => wire.postNow({ kind: 'suspend', id, isSuspended }),
      onKeyedCallOver: (callId) => wire.post({ kind: 'over', callId }),
    });
    const passOn = new PassOn((message, body) => wire.post(message, body), start.config.TALLY_BODY_TIMEOUT_MS);
    const server = makeServer(start.config, (req, res) => {
      const url = req.url ?? '/';
      const query = url.indexOf('?');
      if (callers.gateway.handle(req, res, query === -1 ? url : url.slice(0, query))) return;
      void passOn.request(req, res);
    });
    // Connections are handed to it, so it never listens; told that it does, it begins to watch how long requests take.
    server.emit('listening');
    this.#hooks.onConnection((socket) => this.#connected(server, socket));
    return { callers, ledger, metrics, passOn, server };
  }

  #connected(server: Server, socket: Duplex | undefined): void {
    this.wire.post({ kind: 'taken' });
    const left = () => this.wire.post({ kind: 'left' });
    // It may have been closed on its way here.
    if (socket === undefined) {
      left();
      return;
    }
    socket.once('close', left);
    // As those that a server accepts itself.
    socket.allowHalfOpen = true;
    server.emit('connection', socket);
  }

  async #answer({ callers, ledger, metrics }: Serving, id: number, question: Question): Promise<void> {
    const { gateway, sources, principals } = callers;
    switch (question.kind) {
      case 'source-added':
        sources.add(question.row);
        break;
      case 'source-removed':
        await sources.remove(question.id);
        break;
      case 'key-added':
        principals.add(question.key);
        break;
      case 'metrics':
        this.wire.post({ kind: 'done', id, metrics: await metrics.registry.getMetricsAsJSON() });
        return;
      case 'drain':
        await gateway.close(question.graceMs);
        await ledger.close();
    }
    this.wire.post({ kind: 'done', id });
  }
}
