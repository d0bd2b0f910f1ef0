import {
  AMOUNT_MAX,
  type ModelFacts,
  mergeUsage,
  normaliseUsage,
  parseDeclaredFacts,
  TallyError,
  type Usage,
  type UsageDialect,
  usageTotal,
} from '@tallystick/core';
import { DECLARED, USAGES } from './corpus.ts';
import { jsonMaker } from './make.ts';
import { must, type Target } from './target.ts';

const DIALECTS: readonly UsageDialect[] = [
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'anthropic',
  'google',
  'google-embeddings',
];
/** The counts that a total is never below, each dialect's own. */
const PARTS: Readonly<Record<UsageDialect, readonly string[]>> = {
  'openai-chat': ['prompt_tokens', 'completion_tokens'],
  'openai-responses': ['input_tokens', 'output_tokens'],
  'openai-embeddings': ['prompt_tokens', 'completion_tokens'],
  anthropic: ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'],
  google: ['promptTokenCount', 'candidatesTokenCount', 'toolUsePromptTokenCount', 'thoughtsTokenCount'],
  'google-embeddings': ['promptTokenCount', 'candidatesTokenCount', 'toolUsePromptTokenCount', 'thoughtsTokenCount'],
};
const TOTALS: Readonly<Record<UsageDialect, string>> = {
  'openai-chat': 'total_tokens',
  'openai-responses': 'total_tokens',
  'openai-embeddings': 'total_tokens',
  anthropic: '',
  google: 'totalTokenCount',
  'google-embeddings': 'totalTokenCount',
};

/** Usage is read as null or as classes that are never negative and never below what the report itself adds up to. */
export function usageTarget(read: typeof normaliseUsage = normaliseUsage): Target {
  return {
    name: 'usage',
    share: 4,
    make: jsonMaker(USAGES),
    check: (input) => {
      const raw = parsed(input);
      for (const dialect of DIALECTS) {
        const usage = read(dialect, raw);
        if (usage === null) continue;
        must(
          Object.values(usage).every((amount) => amount >= 0n),
          `${dialect}: a class is negative`,
        );
        must(usageTotal(usage) <= AMOUNT_MAX, `${dialect}: more than any balance can be`);
        must(usageTotal(usage) >= reported(dialect, raw), `${dialect}: charges less than is reported`);
        checkMerge(usage, DIALECTS.map((other) => read(other, raw)).find((other) => other !== null && other !== usage) ?? usage);
      }
    },
  };
}

function parsed(input: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(input).toString());
  } catch {
    return null;
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  must(typeof value === 'object' && value !== null && !Array.isArray(value), 'reads what is no object');
  return value as Record<string, unknown>;
}

/** The larger of the report's total and the sum of its parts. */
function reported(dialect: UsageDialect, raw: unknown): bigint {
  const report = objectOf(raw);
  const amount = (name: string) => (typeof report[name] === 'number' ? BigInt(Math.trunc(report[name])) : 0n);
  const sum = PARTS[dialect].reduce((total, name) => total + amount(name), 0n);
  const total = TOTALS[dialect] === '' ? 0n : amount(TOTALS[dialect]);
  return total > sum ? total : sum;
}

function checkMerge(kept: Usage, next: Usage): void {
  const merged = mergeUsage(kept, next);
  const prompt = ({ input, cached_input, cache_write_5m, cache_write_1h }: Usage) => input + cached_input + cache_write_5m + cache_write_1h;
  for (const usage of [kept, next]) {
    must(prompt(merged) >= prompt(usage), 'a merged prompt has shrunk');
    must(merged.output + merged.reasoning >= usage.output + usage.reasoning, 'a merged answer has shrunk');
  }
}

/** What operators declare is read whole or refused by field, in few words. */
export function declaredTarget(parse: typeof parseDeclaredFacts = parseDeclaredFacts): Target {
  return {
    name: 'declared facts',
    share: 2,
    make: jsonMaker(DECLARED),
    check: (input) => {
      const json = parsed(input);
      try {
        const facts = parse(json);
        // No model is called `__proto__`; zod leaves that key out.
        const names = Object.keys(objectOf(json)).filter((name) => name !== '__proto__');
        must(facts.size === names.length && names.every((name) => facts.has(name)), 'reads other models than are declared');
        for (const [id, model] of facts) checkFacts(id, model);
      } catch (error) {
        if (!(error instanceof TallyError)) throw error;
        must(error.code === 'INPUT_INVALID' && error.message.length <= 512, 'refuses otherwise, or in too many words');
      }
    },
  };
}

function checkFacts(id: string, { id: named, window, maxOutput, endpoints, prices, tokenizer }: ModelFacts): void {
  must(named === id && id.length >= 1 && id.length <= 256, 'has another name');
  must(window.value >= 1n && maxOutput.value >= 0n, 'has no window');
  must(new Set(endpoints).size === endpoints.length && endpoints.length > 0, 'names endpoints twice or none');
  must(
    [window, maxOutput, tokenizer].every(({ grade }) => grade === 'declared'),
    'is not of grade declared',
  );
  const isEmbedding = endpoints.every((endpoint) => endpoint === 'embeddings' || endpoint === 'embed');
  must(isEmbedding || (maxOutput.value >= 1n && maxOutput.value <= window.value), 'has an output that cannot be');
  for (const { price, per } of prices?.value ?? []) must(price >= 0n && price <= AMOUNT_MAX && per > 0n, 'has a price that cannot be');
}
