import { getRequestListener } from '@hono/node-server';
import type { Config } from '#ground/config';
import type { Metrics } from '#ground/metrics';
import type { KeyRow, KeyUse, SourceRow } from '#ledger';
import type { Callers } from './callers.ts';
import { bind, makeServer } from './http-server.ts';

/** How many processes serve the callers, and how many of them do now. */
export type WorkersView = { readonly of: number; readonly up: number; readonly restarts: number };

/** Answers what is no caller's request. */
export type OtherRoutes = (request: Request) => Response | Promise<Response>;

/** Where requests come in. `close`: whoever is still connected is cut. */
export type Gate = { readonly port: number; close(): Promise<void> };

/** Who serves the callers: this process itself, or workers beside it. A change has reached whoever serves when it resolves. */
export type Front = {
  readonly sources: { add(row: SourceRow): void | Promise<void>; remove(id: string): Promise<void> };
  readonly principals: { hash(secret: string, use?: KeyUse): string; add(key: KeyRow): void | Promise<void> };
  /** Of all processes together, in Prometheus' text format. */
  metrics(): Promise<string>;
  /** Null where this process serves them itself. */
  workers(): WorkersView | null;
  /** @throws CONFIG_INVALID where the port cannot be listened on. */
  open(other: OtherRoutes): Promise<Gate>;
  /** Takes no new call, gives running ones `graceMs` to end, then cuts them. Every call is settled when it resolves. */
  close(graceMs: number): Promise<void>;
};

export function ownFront(config: Config, { gateway, sources, principals }: Callers, metrics: Metrics): Front {
  const open = async (other: OtherRoutes): Promise<Gate> => {
    const answer = getRequestListener(other);
    const server = makeServer(config, (req, res) => {
      const url = req.url ?? '/';
      const query = url.indexOf('?');
      if (gateway.handle(req, res, query === -1 ? url : url.slice(0, query))) return;
      void answer(req, res);
    });
    const port = await bind(server, config);
    const close = async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    };
    return { port, close };
  };
  return {
    sources,
    principals,
    metrics: () => metrics.registry.metrics(),
    workers: () => null,
    open,
    close: (graceMs) => gateway.close(graceMs),
  };
}
