import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher } from 'undici';
import type { Config } from '#ground/config';

/**
 * The gateway's own door, for calls of the pool: they are callers like any other. With TLS on, the one certificate that is trusted is the
 * daemon's own, whatever name it bears.
 */
export class Loopback {
  readonly #origin: string;
  readonly #agent: Agent;

  /** @param url where this daemon listens. */
  constructor(url: string, { TALLY_TLS_CERT_FILE: certFile }: Pick<Config, 'TALLY_TLS_CERT_FILE'>) {
    this.#origin = new URL(url).origin;
    const own = certFile === '' ? {} : { ca: readFileSync(certFile), allowPartialTrustChain: true, checkServerIdentity: () => undefined };
    // How long a call may take is the gateway's to say.
    this.#agent = new Agent({ connect: own, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** @throws where the door cannot be reached, or the signal is given. */
  post(path: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return this.#agent.request({
      origin: this.#origin,
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal,
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
