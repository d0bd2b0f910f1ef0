import { embeds, type ModelFacts, TallyError } from '@tallystick/core';
import type { SourceRow } from '#ledger';
import { splice } from '../body/splice.ts';
import { walkBody } from '../body/walk.ts';
import type { Scalar, Span } from '../body/walked.ts';
import type { EndpointSpec, FieldPath, Plan, RouteParams } from './endpoint.ts';

/** Walks the body once. @throws BODY_INVALID, FIELD_NOT_ALLOWED, FIELD_INVALID, BODY_TOO_LARGE. */
export function planCall(spec: EndpointSpec, body: Buffer, bytesMax: number, params: RouteParams): Plan {
  const walked = walkBody(body, spec.fields, { bytesMax });
  const { captured, counts } = walked;
  const limits = spec.outputFields.flatMap((path) => {
    const value = captured.get(nameOf(path));
    return typeof value === 'number' ? [BigInt(value)] : [];
  });
  const n = captured.get('n');
  const budget = captured.get('budget_tokens');
  if (params.model !== undefined) checkModel(params.model, captured.get('model'));
  const count = (name: string) => counts.get(name) ?? 0;
  return {
    body,
    walked,
    model: params.model ?? String(captured.get('model')),
    stream: params.stream ?? captured.get('stream') === true,
    usageAsked: captured.get('include_usage') === true,
    outputAsked: limits.length === 0 ? null : limits.reduce((a, b) => (a < b ? a : b)),
    thinkingBudget: typeof budget === 'number' && budget > 0 ? BigInt(budget) : 0n,
    choices: typeof n === 'number' ? n : 1,
    messages: count('messages'),
    tools: count('tools'),
    inputs: embeds(spec.endpoint) ? Math.max(1, count('inputs')) : count('inputs'),
    images: count('images'),
    opaque: count('opaque') > 0,
    quotes: count('citations') > 0,
    passedHeaders: params.passedHeaders,
  };
}

/** The bytes that are sent: the caller's own, but for the fields that policy owns. */
export function bodyToSend(spec: EndpointSpec, plan: Plan, output: bigint, provider: SourceRow['provider']): Buffer {
  const [first] = spec.outputFields;
  const edits = [...(spec.edits?.(plan) ?? [])];
  if (first !== undefined) {
    const sent = spec.outputField?.(provider) ?? first;
    for (const path of spec.outputFields) {
      const isSent = nameOf(path) === nameOf(sent);
      if (!isSent && isThere(plan, path)) edits.push({ path, json: null });
      if (isSent && plan.walked.captured.get(nameOf(path)) !== Number(output)) edits.push({ path, json: String(output) });
    }
  }
  if (edits.length === 0) return plan.body;
  const bytes = splice(plan.body, plan.walked, edits);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Output limit per choice: what was asked, or the default, never more than the model can emit. */
export function outputLimit(plan: Plan, facts: ModelFacts, byDefault: bigint): bigint {
  const wanted = plan.outputAsked ?? byDefault + plan.thinkingBudget;
  return wanted < facts.maxOutput.value ? wanted : facts.maxOutput.value;
}

/** A body that names its model too must name the one of the path: else what is bounded is not what is sent. */
function checkModel(inPath: string, inBody: Scalar | undefined): void {
  if (inBody === undefined || inBody === inPath || inBody === `models/${inPath}`) return;
  throw new TallyError('FIELD_INVALID', 'The field `model` of the body must name the model of the path.', { field: 'model' });
}

/** The last part of a path, under which the walk has captured its value. */
function nameOf(path: FieldPath): string {
  return path[path.length - 1] as string;
}

function isThere({ walked }: Plan, path: FieldPath): boolean {
  const members: readonly Span[] = (path.length === 1 ? walked.top : walked.nested.get(path[0]))?.members ?? [];
  return members.some(({ key }) => key === nameOf(path));
}
