import { adminApp } from './admin.ts';
import type { Daemon } from './daemon.ts';

export type Listening = { readonly url: string; close(): Promise<void> };

/** One origin for everything: callers' routes go straight to the gateway, the rest to the operator's app. */
export async function listen(daemon: Daemon): Promise<Listening> {
  const { config, front } = daemon;
  let closing = false;
  const gate = await front.open(adminApp(daemon, () => closing).fetch);
  // Who is told to connect cannot connect to 'any address'.
  const reachable = config.HOST === '0.0.0.0' ? '127.0.0.1' : config.HOST === '::' ? '::1' : config.HOST;
  const host = reachable.includes(':') ? `[${reachable}]` : reachable;
  const close = async () => {
    // Whoever asks is still answered, with SHUTTING_DOWN, and readiness says 503, until the calls in flight have ended.
    closing = true;
    await daemon.stop();
    await gate.close();
  };
  return { url: `${config.TALLY_TLS_CERT_FILE === '' ? 'http' : 'https'}://${host}:${gate.port}`, close };
}
