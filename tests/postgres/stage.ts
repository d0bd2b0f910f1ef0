import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { hash } from '../../packages/server/src/ledger/conformance/engine.ts';
import { openPostgresLedger, type PostgresLedgerOptions } from '../../packages/server/src/ledger/postgres/open.ts';
import type { Timing } from '../../packages/server/src/ledger/postgres/settings.ts';
import type { Trouble } from '../../packages/server/src/ledger/protocol.ts';
import type { Ledger } from '../../packages/server/src/ledger/types.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';

/** The same waits as in earnest, in the same order, only shorter. */
export const TIMING = {
  answerTimeoutMs: 1_000,
  idleInTransactionMs: 400,
  reconnectMaxMs: 100,
  laneWaitMs: 2_000,
  sweepMs: 150,
  deadAfterMs: 500,
  rollCallMs: 1_500,
  closingMs: 300,
};

export type WiredHost = {
  readonly ledger: Ledger;
  readonly proxy: TcpProxy;
  readonly troubles: readonly Trouble[];
  readonly burned: number;
};

/** Writers of one book, each with a wire of its own to the server. */
export type Stage = {
  optionsOf(hostId: string): PostgresLedgerOptions;
  open(hostId: string, timing?: Partial<Timing>): Promise<WiredHost>;
  close(): Promise<void>;
};

export function stageOn(url: string): Stage {
  const hosts: WiredHost[] = [];
  const optionsOf = (hostId: string) => ({
    url,
    bookId: 'book-1',
    hostId,
    laneIds: [...'abcdef01'].map(hash),
    ticketKey: Buffer.alloc(32, 1),
    chainKey: Buffer.alloc(32, 2),
    timing: TIMING,
  });
  return {
    optionsOf,
    open: async (hostId, timing = {}) => {
      const { port } = new URL(url);
      const proxy = await tcpProxy(Number(port));
      const troubles: Trouble[] = [];
      const wired = url.replace(`:${port}/`, `:${proxy.port}/`);
      const opened = await openPostgresLedger({
        ...optionsOf(hostId),
        url: wired,
        timing: { ...TIMING, ...timing },
        onTrouble: (trouble) => troubles.push(trouble),
      });
      const host = { ...opened, proxy, troubles };
      hosts.push(host);
      return host;
    },
    close: async () => {
      for (const { proxy, ledger } of hosts) {
        proxy.pass();
        await ledger.close();
        await proxy.close();
      }
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !(await condition()); await sleep(10)) expect(performance.now()).toBeLessThan(end);
}

export function hasEnded({ troubles }: Pick<WiredHost, 'troubles'>): boolean {
  return troubles.at(-1)?.state === 'ended';
}
