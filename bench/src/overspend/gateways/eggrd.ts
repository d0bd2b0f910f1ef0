import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENAI } from '../../dialects/openai.ts';
import { type Column, type Gateway, LIMIT_TOKENS, type Lot, type Site } from '../gateway.ts';
import { MODEL_OUTPUT_TOKENS_MAX } from '../meter.ts';
import { fromCrates } from './installed.ts';
import { missingRedis, redis } from './redis.ts';
import { serve } from './server.ts';

const EGGRD = fromCrates('eggrd', '0.7.0', 'edgeguard');

/** What it does with a stream: wait until it is whole (its default), or pass it on as it comes. */
type Mode = 'buffers' | 'streams';

/** Reserves `max_tokens` and an estimate of the prompt before it sends, fails closed: its budgets in their strictest form. */
export function eggrd(mode: Mode): Column {
  return {
    name: `eggrd-${mode}`,
    missing: () => EGGRD.missing() ?? missingRedis(),
    install: EGGRD.install,
    open: (site) => open(mode, site),
  };
}

async function open(mode: Mode, site: Site): Promise<Gateway> {
  const counters = await redis(site, `eggrd-${mode}`);
  const config = configure(mode, site, counters.port);
  const server = await serve(site, `eggrd-${mode}`, {
    file: EGGRD.file,
    args: () => ['--config', config],
    health: '/__edgeguard/health',
    env: (port) => ({ PORT: String(port), UPSTREAM: `http://127.0.0.1:${site.upstreamPort}` }),
  });
  return {
    version: `eggrd ${EGGRD.version} (${mode})`,
    cap: `budget of ${LIMIT_TOKENS} tokens per model, window 30d, fail_open false, reservations in Redis, stream_passthrough ${mode === 'streams'}`,
    way: ({ name, key }) => ({ model: name, url: `http://127.0.0.1:${server.port}/v1/chat/completions`, headers: OPENAI.keyHeader(key) }),
    crash: server.crash,
    stop: async () => {
      await server.stop();
      await counters.stop();
    },
    spentOf: () => Promise.resolve(null),
  };
}

function configure(mode: Mode, { house, lots }: Site, redisPort: number): string {
  const lines = [
    '[auth]',
    'mode = "none"',
    // It counts requests of one address, which here are all of them.
    '[ratelimit]',
    'enabled = false',
    '[validation]',
    `stream_passthrough = ${mode === 'streams'}`,
    '[llm]',
    'enabled = true',
    'store = "redis"',
    `redis_url = "redis://127.0.0.1:${redisPort}"`,
    'fail_open = false',
    // What it reserves for a call that names no limit.
    `default_max_tokens = ${MODEL_OUTPUT_TOKENS_MAX}`,
    '[[llm.budgets]]',
    'name = "lot"',
    'scope = "model"',
    'unit = "tokens"',
    `limit = ${LIMIT_TOKENS}`,
    'window = "30d"',
    ...lots.flatMap(keyLines),
  ];
  const file = join(house.folder, `eggrd-${mode}.toml`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function keyLines({ name, key, credential }: Lot): string[] {
  return ['[[llm.keys]]', `virtual_key = "${key}"`, `provider_key = "${credential}"`, `allowed_models = ["${name}"]`, `label = "${name}"`];
}
