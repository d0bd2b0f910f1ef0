import { Principals } from '#gateway';
import { sumOf } from '#ground/metrics';
import type { WriterHub } from '#ledger';
import type { Books } from '../books.ts';
import type { CallersOptions } from '../callers.ts';
import type { Front, Gate, OtherRoutes } from '../front.ts';
import { Doorman } from './doorman.ts';
import type { Change, WorkerStart } from './messages.ts';
import { WorkerPool } from './pool.ts';
import { shareOf } from './share.ts';

export type WorkersOptions = Pick<
  CallersOptions,
  'config' | 'keys' | 'sources' | 'principals' | 'sandboxUrl' | 'clock' | 'log' | 'metrics'
> & { readonly books: Books; readonly hub: WriterHub };

/** Callers are served by workers; this process keeps the books, the vault and the operator's routes. */
export function workersFront({ config, keys, books, hub, clock, log, metrics, sandboxUrl, ...rows }: WorkersOptions): Front {
  // As they are at any moment: a worker that starts later begins with these.
  const sources = new Map(rows.sources.map((row) => [row.id, row]));
  const principals = new Map(rows.principals.map((key) => [key.id, key]));
  const hashing = new Principals(keys.keyHash, keys.pseudonym, []);
  const start = (): WorkerStart => ({
    config: shareOf(config),
    keys,
    sources: [...sources.values()],
    principals: [...principals.values()],
    sandboxUrl,
    books: { at: books.at, bookId: books.bookId, laneId: books.ledger.laneId, epoch: books.ledger.epoch },
  });
  const { vault } = books;
  const pool: WorkerPool = new WorkerPool({ workers: config.TALLY_WORKERS, clock, log, start, free: () => doorman.next() });
  const doorman = new Doorman(() => pool);
  const tell = (change: Change) => pool.ask(change);
  const open = async (other: OtherRoutes): Promise<Gate> => {
    const port = await doorman.listen(config);
    try {
      await pool.start({ hub, vault, log, other });
    } catch (cause) {
      doorman.close();
      throw cause;
    }
    const close = async () => {
      doorman.close();
      await pool.end();
    };
    return { port, close };
  };
  return {
    sources: {
      add: (row) => {
        sources.set(row.id, row);
        return tell({ kind: 'source-added', row });
      },
      remove: (id) => {
        sources.delete(id);
        return tell({ kind: 'source-removed', id });
      },
    },
    principals: {
      hash: (secret, use) => hashing.hash(secret, use),
      add: (key) => {
        principals.set(key.id, key);
        return tell({ kind: 'key-added', key });
      },
    },
    metrics: async () => sumOf([await metrics.registry.getMetricsAsJSON(), ...(await pool.counted())]).metrics(),
    workers: () => pool.view(),
    open,
    close: (graceMs) => pool.drain(graceMs),
  };
}
