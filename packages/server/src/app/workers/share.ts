import type { Config } from '#ground/config';

/** What one worker may use of what all together may. The settings that are secrets are not for workers at all. */
export function shareOf(config: Config): Config {
  const part = (all: number) => Math.ceil(all / config.TALLY_WORKERS);
  return {
    ...config,
    TALLY_MASTER_KEY: '',
    TALLY_ADMIN_TOKEN: '',
    CHAIN_RPC_URL: [],
    TALLY_CALLS_MAX: part(config.TALLY_CALLS_MAX),
    // Never less than one whole body.
    TALLY_BODIES_BYTES_MAX: Math.max(part(config.TALLY_BODIES_BYTES_MAX), config.TALLY_BODY_BYTES_MAX),
    TALLY_UPSTREAM_CONNECTIONS_MAX: part(config.TALLY_UPSTREAM_CONNECTIONS_MAX),
  };
}
