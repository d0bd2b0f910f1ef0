import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson, type JsonValue } from '../jcs.ts';
import type { Hex } from '../receipt/types.ts';
import { ANTHROPIC_FACTS } from './anthropic.ts';
import { GOOGLE_FACTS } from './google.ts';
import { OPENAI_FACTS } from './openai.ts';
import { UNBILLED_REFUSALS } from './refusals.ts';
import { SANDBOX_FACTS } from './sandbox.ts';
import type { ModelFacts } from './types.ts';

/** Whose models the built-in facts know. A source of any other provider declares its own (`parseDeclaredFacts`). */
export type FactsProvider = 'openai' | 'anthropic' | 'google' | 'sandbox';

const MODELS: Readonly<Record<FactsProvider, ReadonlyMap<string, ModelFacts>>> = {
  openai: new Map(OPENAI_FACTS.map((facts) => [facts.id, facts])),
  anthropic: new Map(ANTHROPIC_FACTS.map((facts) => [facts.id, facts])),
  google: new Map(GOOGLE_FACTS.map((facts) => [facts.id, facts])),
  sandbox: new Map(SANDBOX_FACTS.map((facts) => [facts.id, facts])),
};

/** @returns the facts on a model, or undefined where it is not known here. Snapshots are names of their own. */
export function modelFacts(provider: FactsProvider, id: string): ModelFacts | undefined {
  return MODELS[provider].get(id);
}

/** @returns all models of a provider, in the order of the facts file (the sandbox's first is the one that behaves well). */
export function modelsOf(provider: FactsProvider): readonly ModelFacts[] {
  return [...MODELS[provider].values()];
}

let version: Hex | undefined;

/** SHA-256 over the canonical JSON of all built-in facts: pinned in every hold and receipt, so that a bound can be re-derived. */
export function factsVersion(): Hex {
  version ??= `0x${bytesToHex(sha256(utf8ToBytes(canonicalFacts())))}`;
  return version;
}

/** RFC 8785, with bigints as decimal strings. */
export function canonicalFacts(): string {
  return canonicalJson(
    plain({
      models: { openai: OPENAI_FACTS, anthropic: ANTHROPIC_FACTS, google: GOOGLE_FACTS, sandbox: SANDBOX_FACTS },
      refusals: UNBILLED_REFUSALS,
    }),
  );
}

/** The same value with bigints as decimal strings and without undefined members. */
function plain(value: unknown): JsonValue {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, plain(each)]),
  );
}
