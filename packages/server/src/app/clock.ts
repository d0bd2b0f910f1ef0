import type { Log } from '#ground/log';
import type { Books } from './books.ts';
import type { Daemon } from './daemon.ts';

/** How often it is remembered how far grant time has come. */
const REMEMBER_MS = 60_000;

export type ClockView = { readonly wall_ms: number; readonly grant_ms: number; readonly skipped_ms: number };

export function clockView(grant: Books['grant']): ClockView {
  const { wallMs, grantMs } = grant.read();
  return { wall_ms: wallMs, grant_ms: grantMs, skipped_ms: wallMs - grantMs };
}

/** The operator has looked: wall time is right as it stands. The audit log has it before anything opens by it. */
export async function confirmClock({ grant, vault }: Daemon, reason: string): Promise<ClockView> {
  await vault.audit('clock.confirmed', 'clock', { skipped_ms: grant.skippedMs, reason });
  grant.confirm();
  await vault.rememberGrantTime(grant.read());
  return clockView(grant);
}

/** Remembers it now and regularly, and tells of a jump once. @returns what ends that, and remembers it a last time. */
export function keepGrantTime({ grant, vault }: Pick<Books, 'grant' | 'vault'>, log: Log): () => Promise<void> {
  let isTold = false;
  const remember = async () => {
    const { skippedMs } = grant;
    if (skippedMs > 0 && !isTold) {
      log.warn({ skippedMs }, 'the clock jumped forward: nothing opens by that, until it is set right or confirmed (tally clock confirm)');
      await vault.audit('clock.jumped', 'clock', { skipped_ms: skippedMs });
    }
    isTold = skippedMs > 0;
    await vault.rememberGrantTime(grant.read());
  };
  const quietly = () => remember().catch((cause: unknown) => log.error({ cause: String(cause) }, 'grant time could not be remembered'));
  void quietly();
  const timer = setInterval(() => void quietly(), REMEMBER_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await quietly();
  };
}
