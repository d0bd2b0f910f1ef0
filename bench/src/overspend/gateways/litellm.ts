import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENAI } from '../../dialects/openai.ts';
import { type Column, type Gateway, LIMIT_TOKENS, type Lot, type Site } from '../gateway.ts';
import { fromPypi } from './installed.ts';
import { missingRedis, redis } from './redis.ts';
import { serve } from './server.ts';

const LITELLM = fromPypi('litellm', '1.103.6', 'litellm[proxy]', 'litellm');
const MASTER_KEY = 'sk-master-0123456789';
/** The window of its token limits is a minute unless it is told otherwise; a day is longer than any run. */
const DAY_S = '86400';

/** What it can hold without its database, each as documented. */
type Mode = 'budget' | 'tokens';

const CAPS: Readonly<Record<Mode, string>> = {
  budget: `max_budget ${LIMIT_TOKENS} per deployment at a price of 1 per token, budget_duration 30d, counters in Redis`,
  tokens: `tpm_limit ${LIMIT_TOKENS} per key with reservation (the default), window of a day, counters in Redis`,
};

/** Its virtual keys and their budgets need its database, whose client downloads an engine that no package registry carries. */
export function litellm(mode: Mode): Column {
  return {
    name: `litellm-${mode}`,
    missing: () => LITELLM.missing() ?? missingRedis(),
    install: LITELLM.install,
    open: (site) => open(mode, site),
  };
}

async function open(mode: Mode, site: Site): Promise<Gateway> {
  const counters = await redis(site, `litellm-${mode}`);
  const config = configure(mode, site, counters.port);
  const server = await serve(site, `litellm-${mode}`, {
    file: LITELLM.file,
    args: (port) => ['--config', config, '--host', '127.0.0.1', '--port', String(port), '--telemetry', 'False'],
    health: '/health/liveliness',
    env: () => ({ LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_RATE_LIMIT_WINDOW_SIZE: DAY_S, LITELLM_LOG: 'ERROR' }),
  });
  return {
    version: `LiteLLM ${LITELLM.version} (${mode})`,
    cap: CAPS[mode],
    way: ({ name, key }) => ({
      model: name,
      url: `http://127.0.0.1:${server.port}/v1/chat/completions`,
      headers: OPENAI.keyHeader(mode === 'tokens' ? key : MASTER_KEY),
    }),
    crash: server.crash,
    stop: async () => {
      await server.stop();
      await counters.stop();
    },
    spentOf: () => Promise.resolve(null),
  };
}

/** JSON is YAML. No retries and no cooldowns, so that a refusal is the budget's. Redis keeps counters, not answers. */
function configure(mode: Mode, { house, upstreamPort, lots }: Site, redisPort: number): string {
  const at = { host: '127.0.0.1', port: redisPort };
  const config = {
    model_list: lots.map((lot) => deployment(mode, lot, upstreamPort)),
    router_settings: { redis_host: at.host, redis_port: at.port, num_retries: 0, disable_cooldowns: true },
    litellm_settings: { cache: true, cache_params: { type: 'redis', ...at, supported_call_types: [] } },
    general_settings: {
      master_key: MASTER_KEY,
      ...(mode === 'tokens' ? { custom_auth: `keys_${mode}.user_api_key_auth` } : {}),
    },
  };
  if (mode === 'tokens') writeFileSync(join(house.folder, `keys_${mode}.py`), KEYS);
  const file = join(house.folder, `litellm-${mode}.yaml`);
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}

function deployment(mode: Mode, { name, credential }: Lot, upstreamPort: number): object {
  const api_base = `http://127.0.0.1:${upstreamPort}/v1`;
  const price = { input_cost_per_token: 1, output_cost_per_token: 1 };
  const budget = mode === 'budget' ? { max_budget: LIMIT_TOKENS, budget_duration: '30d' } : {};
  return { model_name: name, litellm_params: { model: `openai/${name}`, api_base, api_key: credential, ...price, ...budget } };
}

/** Keys without its database: its documented way is a module of one's own, whose limits on tokens it enforces. */
const KEYS = `from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, tpm_limit=${LIMIT_TOKENS})
`;
