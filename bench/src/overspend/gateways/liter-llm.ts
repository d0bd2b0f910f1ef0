import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENAI } from '../../dialects/openai.ts';
import { type Column, type Gateway, LIMIT_TOKENS, type Lot, type Site } from '../gateway.ts';
import { fromCrates } from './installed.ts';
import { serve } from './server.ts';

const LITER_LLM = fromCrates('liter-llm-cli', '2.4.4', 'liter-llm');
/** Prices are its own: this model's is the same for input and output, so that a budget in dollars is a number of tokens. */
const PRICED_MODEL = 'perplexity/sonar';
const FIRST_REVISION = 100;
const DOLLARS_PER_TOKEN = 0.000_001;

/** Its counters are in its memory: it has no other place for them. */
export const literLlm: Column = {
  name: 'liter-llm',
  missing: LITER_LLM.missing,
  install: LITER_LLM.install,
  open: async (site: Site): Promise<Gateway> => {
    const { lots } = site;
    const config = configure(site);
    const server = await serve(site, 'liter-llm', {
      file: LITER_LLM.file,
      args: (port) => ['api', '--config', config, '--host', '127.0.0.1', '--port', String(port)],
      health: '/health',
      env: () => ({}),
    });
    return {
      version: `liter-llm ${LITER_LLM.version}`,
      cap: `budget_limit of ${LIMIT_TOKENS} tokens' price and tpm ${LIMIT_TOKENS} per key`,
      way: (lot) => ({
        model: modelOf(lots, lot),
        url: `http://127.0.0.1:${server.port}/v1/chat/completions`,
        headers: OPENAI.keyHeader(lot.key),
      }),
      crash: server.crash,
      stop: server.stop,
      spentOf: () => Promise.resolve(null),
    };
  },
};

function configure({ house, upstreamPort, lots }: Site): string {
  const general = ['[general]', 'master_key = "sk-master-0123456789"', 'max_retries = 0', 'enable_cost_tracking = true'];
  // Otherwise it sends nothing to a loopback address.
  const head = [...general, '[security]', 'outbound_policy = "off"'];
  const file = join(house.folder, 'liter-llm.toml');
  writeFileSync(file, `${[...head, ...lots.flatMap((lot) => lotLines(lot, modelOf(lots, lot), upstreamPort))].join('\n')}\n`);
  return file;
}

/** It looks a price up by the name that the caller sends, less a revision at its end. */
function modelOf(lots: readonly Lot[], lot: Lot): string {
  return `${PRICED_MODEL}-${FIRST_REVISION + lots.indexOf(lot)}`;
}

function lotLines({ key, credential }: Lot, model: string, upstreamPort: number): string[] {
  return [
    '[[models]]',
    `name = "${model}"`,
    `provider_model = "${PRICED_MODEL}"`,
    `api_key = "${credential}"`,
    `base_url = "http://127.0.0.1:${upstreamPort}/v1"`,
    '[[keys]]',
    `key = "${key}"`,
    `models = ["${model}"]`,
    `tpm = ${LIMIT_TOKENS}`,
    `budget_limit = ${(LIMIT_TOKENS * DOLLARS_PER_TOKEN).toFixed(6)}`,
  ];
}
