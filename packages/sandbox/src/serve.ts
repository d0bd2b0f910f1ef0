import type { Body } from './ask.ts';
import { inputTokens, wordsOf } from './count.ts';
import type { Call, Counter, Dialect, Embedder, Voice } from './dialect.ts';
import { deliver, refuseByName } from './faults.ts';
import { labels, readBody, sendJson } from './http.ts';
import { findModel, type SandboxEndpoint, type SandboxModel } from './models.ts';
import { type Plan, planAnswer } from './plan.ts';
import { report } from './report.ts';
import type { Piece } from './tokens.ts';
import { hashKey } from './usage-store.ts';

/** What a redirect leads to, before the path that was asked for; only a client that follows redirects gets here. */
export const REDIRECTED = '/sandbox/redirected';
/** `sandbox-endless` bills this much ahead of what it sends, tokens. */
const ENDLESS_BATCH = 16;
/** And has an end after all, tokens: a limit on everything. */
const ENDLESS_TOKENS_MAX = 1_000_000;
/** The most that is counted for free, tokens: more is no request that any model takes. */
const COUNTED_TOKENS_MAX = 1_000_000;

/**
 * Order matters: the whole answer is planned and billed, durably, before its first byte. So the count never falls
 * behind what was sent, whenever this process dies, and a caller that leaves has still bought the whole answer.
 * @param modelId from the path; else it is the body's `model`
 */
export async function generate(call: Call, dialect: Dialect, modelId?: string): Promise<void> {
  const { res, store, voice } = call;
  const body = await readBody(call.req);
  const model = servedModel(voice, modelId ?? body.model, dialect.endpoint);
  refuseByName(model, call.key, voice);
  if (redirects(call, model)) return;
  const ask = dialect.ask(body, model);
  let plan = planAnswer(ask, dialect.tooLong);
  const owner = hashKey(call.key);
  store.bill(owner, model.id, plan.billed.input, plan.billed.output);
  if (model.behaviour === 'endless') plan = billedAsSent(plan, (tokens) => store.bill(owner, model.id, 0, tokens, 0));
  const words = () => wordsOf(ask.counted);
  const wire = dialect.wire(ask, plan, report(model.behaviour, plan.billed, words));
  await deliver(res, { voice, wire, words }, model.behaviour);
}

/** Says what a request would be billed as input. It is free, and noted as a request of its own kind; models misbehave here too. */
export async function count(call: Call, counter: Counter, modelId?: string): Promise<void> {
  const { voice } = call;
  const body = await readBody(call.req);
  const model = servedModel(voice, modelId ?? body.model, counter.endpoint);
  refuseByName(model, call.key, voice);
  if (redirects(call, model)) return;
  const counted = counter.counted(body, model);
  const billed = model.fixed?.input ?? inputTokens(model, counted, COUNTED_TOKENS_MAX);
  if (billed > COUNTED_TOKENS_MAX) throw counter.tooLong(model);
  call.store.counted(hashKey(call.key), model.id);
  const said = model.behaviour === 'undercount' ? Math.floor(billed / 2) : billed;
  const wire = { stream: false, frames: [counter.body(said)], closing: 0 };
  // A count cannot go on without end.
  await deliver(call.res, { voice, wire, words: () => wordsOf(counted) }, model.behaviour === 'endless' ? 'well' : model.behaviour);
}

export async function embed(call: Call, embedder: Embedder, modelId?: string): Promise<void> {
  const body: Body = await readBody(call.req);
  const model = servedModel(call.voice, modelId ?? body.model, embedder.endpoint);
  const made = embedder.plan(body, model);
  call.store.bill(hashKey(call.key), model.id, made.input, 0);
  sendJson(call.res, call.voice, made.body());
}

/** @throws ApiError in the voice's words where there is no such model */
export function knownModel(voice: Voice, id: string): SandboxModel {
  const model = findModel(id);
  if (model === undefined) throw voice.errors.unknownModel(id.slice(0, 100));
  return model;
}

function servedModel(voice: Voice, id: unknown, endpoint: SandboxEndpoint): SandboxModel {
  if (typeof id !== 'string' || id === '') throw voice.errors.noModel(id);
  const model = knownModel(voice, id);
  if (!model.endpoints.includes(endpoint)) throw voice.errors.notServed(model, endpoint);
  return model;
}

function redirects(call: Call, model: SandboxModel): boolean {
  if (model.behaviour !== 'redirect' || call.redirected) return false;
  call.res.writeHead(307, { location: REDIRECTED + call.req.url, 'content-length': 0, ...labels(call.voice) }).end();
  return true;
}

/** The one answer that cannot be planned whole is billed in batches, each before its first token is sent. */
function billedAsSent(plan: Plan, bill: (tokens: number) => void): Plan {
  let paid = 0;
  let sent = 0;
  function* paidFor(pieces: Iterable<Piece>): Generator<Piece> {
    for (const piece of pieces) {
      if (sent >= ENDLESS_TOKENS_MAX) return;
      while (paid < sent + piece.tokens) {
        bill(ENDLESS_BATCH);
        paid += ENDLESS_BATCH;
      }
      sent += piece.tokens;
      yield piece;
    }
  }
  return { ...plan, choices: plan.choices.map((choice) => ({ ...choice, text: choice.text && paidFor(choice.text) })) };
}
