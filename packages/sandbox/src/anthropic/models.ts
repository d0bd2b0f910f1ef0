import { ApiError } from '../errors.ts';
import { SANDBOX_MODELS, type SandboxModel } from '../models.ts';
import { invalid } from './fields.ts';

/** Fixed, so that the list of models is the same at each start. */
const CREATED_AT = '2025-01-01T00:00:00Z';
const PAGE = 20;
const PAGE_MAX = 1_000;

/** One model as `GET /v1/models/{id}` has it. */
export function modelInfo({ id, description, window, maxOutput }: SandboxModel) {
  return {
    type: 'model',
    id,
    display_name: description,
    created_at: CREATED_AT,
    deprecated_at: null,
    retires_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: window,
    max_tokens: maxOutput,
    capabilities: null,
  };
}

/** A page of the models that speak this dialect. @throws ApiError 400 for a limit or a cursor that is none */
export function modelPage(query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) throw invalid('limit', `Input should be an integer of 1 to ${PAGE_MAX}`);
  const models = SANDBOX_MODELS.filter(({ endpoints }) => endpoints.includes('messages'));
  const after = placeOf(models, query.get('after_id'));
  const before = placeOf(models, query.get('before_id'));
  const left = models.slice(after === undefined ? 0 : after + 1, before ?? models.length);
  // Without a cursor before it a page begins at the first that is left, with one it ends at the last.
  const page = before === undefined ? left.slice(0, limit) : left.slice(-limit);
  return {
    data: page.map(modelInfo),
    has_more: page.length < left.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

function placeOf(models: readonly SandboxModel[], id: string | null): number | undefined {
  if (id === null) return undefined;
  const place = models.findIndex((model) => model.id === id);
  if (place < 0) throw new ApiError(400, `Invalid cursor: ${id.slice(0, 100)}`);
  return place;
}
