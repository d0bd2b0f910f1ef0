import type { Config } from '#ground/config';
import type { Log } from '#ground/log';
import { configuredLaunch, FirstStart, Lockout, readLaunch } from '#pool';
import type { Books } from '../books.ts';

/** Sees to the gate of the pool before anything is served. @throws CONFIG_INVALID */
export async function openLockout(config: Config, { ledger, vault, clock, grant }: Books, log: Log): Promise<Lockout> {
  const { TALLY_POOL_LAUNCH: launch, TALLY_POOL_LOCKOUT_OFF: override } = config;
  const grantMs = () => grant.now();
  const isConfigured = launch !== '';
  const lockout = new Lockout({
    ledger,
    vault,
    launch: isConfigured ? configuredLaunch(readLaunch(launch, clock.wallMs())) : new FirstStart(ledger, grantMs),
    isConfigured,
    override,
    grantMs,
    log,
  });
  await lockout.start();
  return lockout;
}
