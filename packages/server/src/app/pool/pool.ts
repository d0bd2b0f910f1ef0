import { readFileSync } from 'node:fs';
import { TallyError } from '@tallystick/core';
import { SANDBOX_URL } from '#gateway';
import type { Config } from '#ground/config';
import { type DonationDeps, Donations, type Lockout, Providers, type Tasks } from '#pool';
import { PROVIDER_URLS } from '../admin-input.ts';
import type { Daemon } from '../daemon.ts';
import { donatedSources } from './donated-sources.ts';
import { type Governance, openGovernance } from './governance.ts';
import { Loopback } from './loopback.ts';
import { poolTasks } from './pool-tasks.ts';
import { proberOf } from './prober.ts';
import { receiptSign } from './receipt-sign.ts';
import { ValidationKey } from './validation-key.ts';

/** The donation pool of a running daemon. It calls upstreams through the gateway's own door only, so it starts when that is open. */
export type Pool = {
  readonly donations: Donations;
  readonly providers: Providers;
  readonly tasks: Tasks;
  readonly governance: Governance;
  /** @param url where this daemon listens. */
  start(url: string): Promise<void>;
  /** A receipt was committed. */
  notify(): void;
  /** Before the gateway is closed: calls of the pool end first. */
  stop(): Promise<void>;
};

export type PoolParts = Omit<Daemon, 'pool' | 'stop' | 'receipts' | 'signer' | 'metrics'> & {
  readonly hasSandbox: boolean;
  readonly lockout: Lockout;
};

/** @throws CONFIG_INVALID */
export function openPool(parts: PoolParts): Pool {
  const stopping = new AbortController();
  let loopback: Loopback | null = null;
  const door = () => {
    if (loopback === null) throw new TallyError('SHUTTING_DOWN');
    return loopback;
  };
  const providers = providersOf(parts.config, parts.hasSandbox);
  const donations = new Donations(depsOf(parts, { providers, probe: proberOf(door, new ValidationKey(parts), stopping.signal) }));
  const governance: Governance = openGovernance(parts, donations, () => tasks);
  const tasks = poolTasks(parts, door, governance.approval);
  return {
    donations,
    providers,
    tasks,
    governance,
    start: async (url) => {
      loopback = new Loopback(url, parts.config);
      await donations.start();
      await governance.start();
      tasks.start();
    },
    notify: () => donations.notify(),
    stop: async () => {
      await tasks.stop();
      await governance.stop();
      stopping.abort();
      await donations.stop();
      await loopback?.close();
    },
  };
}

function depsOf(parts: PoolParts, made: Pick<DonationDeps, 'providers' | 'probe'>): DonationDeps {
  const { ledger, vault, clock, log, domain, isShared, checkpoint, anchorFindings } = parts;
  const areLatest = () => anchorFindings().length === 0;
  const sources = donatedSources(parts);
  return { ledger, vault, clock, log, domain, isShared, areLatest, checkpoint, sign: receiptSign(vault), sources, ...made };
}

function providersOf({ TALLY_POOL_PROVIDERS_FILE: file }: Config, hasSandbox: boolean): Providers {
  const { sandbox: _, ...real } = PROVIDER_URLS;
  return new Providers(hasSandbox ? { ...real, sandbox: SANDBOX_URL } : real, file === '' ? null : readProviders(file));
}

function readProviders(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new TallyError('CONFIG_INVALID', 'TALLY_POOL_PROVIDERS_FILE names a file that cannot be read, or is not JSON.', {
      setting: 'TALLY_POOL_PROVIDERS_FILE',
    });
  }
}
