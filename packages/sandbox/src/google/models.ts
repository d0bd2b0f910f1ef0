import { SANDBOX_MODELS, type SandboxModel } from '../models.ts';
import { invalidArgument } from './errors.ts';

/** Sizes of a page, as the real API has them. */
const PAGE = 50;
const PAGE_MAX = 1_000;

const METHODS = {
  generate: ['generateContent', 'streamGenerateContent', 'countTokens'],
  embed: ['embedContent', 'batchEmbedContents'],
} as const;

/** One page of the models that speak this dialect. @throws ApiError 400 for a page that there is not */
export function modelsPage(query: URLSearchParams): string {
  const all = SANDBOX_MODELS.filter(({ endpoints }) => endpoints.includes('generate') || endpoints.includes('embed'));
  const from = wholeNumber(query, 'pageToken') ?? 0;
  const size = Math.min(wholeNumber(query, 'pageSize') || PAGE, PAGE_MAX);
  const next = from + size;
  const more = next < all.length ? { nextPageToken: `${next}` } : {};
  return JSON.stringify({ models: all.slice(from, next).map(modelInfo), ...more });
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(`* ListModelsRequest.${name}: not a valid value\n`);
  return Number(text);
}

export function modelInfo({ id, description, behaviour, endpoints, window, maxOutput }: SandboxModel) {
  const methods = [...(endpoints.includes('generate') ? METHODS.generate : []), ...(endpoints.includes('embed') ? METHODS.embed : [])];
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    description,
    inputTokenLimit: window,
    outputTokenLimit: maxOutput,
    supportedGenerationMethods: methods,
    ...(behaviour === 'reasoning' ? { thinking: true } : {}),
  };
}
