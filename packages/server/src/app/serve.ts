import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#ground/clock';
import type { Config } from '#ground/config';
import { writeDurable } from '#ground/files';
import { openLog } from '#ground/log';
import { type Trouble, WriterHub } from '#ledger';
import { loadAdminToken } from './admin-token.ts';
import { finishArchive } from './archive.ts';
import { openBooks } from './books.ts';
import { type Chain, startChain } from './chain/chain.ts';
import { type Daemon, wire } from './daemon.ts';
import { type Listening, listen } from './listen.ts';
import { type SandboxChild, startSandboxChild } from './sandbox-child.ts';
import { type Seeded, seed } from './seed.ts';

export type Running = {
  readonly daemon: Daemon;
  readonly url: string;
  readonly seeded: Seeded;
  readonly sandbox: SandboxChild | null;
  readonly chain: Chain;
  stop(): Promise<void>;
};

/** Starts everything, in the order in which it depends on each other; undoes it in reverse where a step fails. */
export async function serve(config: Config, env: NodeJS.ProcessEnv, stdin: NodeJS.ReadableStream | null): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  try {
    const log = openLog(config.TALLY_LOG_LEVEL);
    const hub = config.TALLY_WORKERS > 1 ? new WriterHub(systemClock, log) : undefined;
    const onTrouble = ({ state, reason }: Trouble) => log[state === 'back' ? 'info' : 'error']({ reason }, `the books are ${state}`);
    const books = await openBooks(config, env, stdin, { onTrouble, ...(hub === undefined ? {} : { hub }) });
    undo.push(() => books.close());
    // After the books: their lock is what keeps two daemons from one folder. It starts beside the rest, in processes of its own.
    const chain = startChain(config, env, log);
    undo.push(() => chain.stop());
    const { token } = await loadAdminToken(config.TALLY_DATA_DIR, config.TALLY_ADMIN_TOKEN);
    const sandbox = config.TALLY_SANDBOX ? await startSandboxChild(join(config.TALLY_DATA_DIR, 'sandbox'), env) : null;
    if (sandbox !== null) undo.push(() => sandbox.stop());
    const daemon = await wire(config, books, log, token, sandbox?.url ?? null, chain);
    undo[0] = () => daemon.stop();
    // Bound before anything is seeded: a virtual key that is made is also shown.
    const listening: Listening = await listen(daemon);
    undo[0] = () => listening.close();
    const seeded = await seed(daemon, sandbox !== null);
    await daemon.pool.start(listening.url);
    void finishArchive(books, log);
    const marker = join(config.TALLY_DATA_DIR, 'daemon.json');
    await writeDurable(marker, `${JSON.stringify({ url: listening.url, pid: process.pid })}\n`);
    const stop = async () => {
      await listening.close();
      await Promise.all([sandbox?.stop(), chain.stop()]);
      rmSync(marker, { force: true });
    };
    await chain.settled;
    return { daemon, chain, url: listening.url, seeded, sandbox, stop };
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
}
