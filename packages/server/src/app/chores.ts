import type { Log } from '#ground/log';
import type { Ledger } from '#ledger';

/** How often the heads of the books are remembered outside of them, and what is no longer kept is dropped. */
const EVERY_MS = 5000;

/** What is done at the start and then regularly, beside the calls. What fails is logged and done again the next time. @returns what ends it. */
export function startChores(ledger: Pick<Ledger, 'dropReplays'>, checkpoint: () => Promise<void>, log: Log): () => void {
  const drop = () => dropReplays(ledger, log);
  void drop();
  const timer = setInterval(() => {
    void checkpoint().catch((cause: unknown) => log.error({ cause: String(cause) }, 'the heads could not be remembered'));
    void drop();
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Answers that have expired cannot be read any more; dropping them is tidiness, so its failure is nobody's error. */
export async function dropReplays(ledger: Pick<Ledger, 'dropReplays'>, log: Log): Promise<void> {
  await ledger.dropReplays().catch((cause: unknown) => log.warn({ cause: String(cause) }, 'kept answers could not be dropped yet'));
}
