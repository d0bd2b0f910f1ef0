import { expect, it } from 'vitest';
import { loadConfig } from '#ground/config';
import { shareOf } from './share.ts';

const secrets = { TALLY_MASTER_KEY: 'a'.repeat(64), TALLY_ADMIN_TOKEN: 'b'.repeat(40), CHAIN_RPC_URL: 'https://node.example/a-key' };

it('divides what all workers together may use, and shares no secret', () => {
  const config = loadConfig({ TALLY_WORKERS: '4', TALLY_CALLS_MAX: '10', TALLY_UPSTREAM_CONNECTIONS_MAX: '512', ...secrets }, '/nowhere');
  expect(shareOf(config)).toEqual({
    ...config,
    TALLY_CALLS_MAX: 3,
    TALLY_UPSTREAM_CONNECTIONS_MAX: 128,
    TALLY_BODIES_BYTES_MAX: 67_108_864,
    TALLY_MASTER_KEY: '',
    TALLY_ADMIN_TOKEN: '',
    CHAIN_RPC_URL: [],
  });
});

it('leaves each room for one whole body', () => {
  const config = loadConfig({ TALLY_WORKERS: '64', TALLY_BODIES_BYTES_MAX: '10000000' }, '/nowhere');
  expect(shareOf(config).TALLY_BODIES_BYTES_MAX).toBe(config.TALLY_BODY_BYTES_MAX);
});
