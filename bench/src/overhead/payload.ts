/** A typical chat completion, about 1 KB each way: the same bytes for every subject. */

export const MODEL = 'gpt-4o-mini';
/** In every answer; a load phase fails on an answer without it. */
export const ANSWER_ID = 'chatcmpl-bench-0001';

const PROMPT = `Summarise the following note for a colleague who was not in the meeting. Keep it to five sentences, name who does
what until when, and leave out what was only mentioned in passing.

The team met on Tuesday to look at the rollout of the new billing pages. Ana reported that the migration of old invoices is done for all
but two regions, and that the remaining ones wait for an export from the warehouse. Ben will ask for it today. Chloe showed the new
statement view; people liked it, but the totals column is too narrow for large accounts. She will widen it by Thursday and send pictures.`;

const ANSWER = `Invoices are migrated for all but two regions; the last ones wait for an export from the warehouse, which Ben asks for today.
Chloe's statement view was well received, but its totals column is too narrow for large accounts. She widens it by Thursday and sends
pictures to the team. Once the export is there, Ana finishes the migration and tells everyone. Nothing else was decided, and the next meeting
is on Tuesday at the usual time.`;

export const REQUEST_BODY = JSON.stringify({
  model: MODEL,
  messages: [
    { role: 'system', content: 'You are a careful assistant. You answer in plain English, in short sentences, and you invent nothing.' },
    { role: 'user', content: PROMPT },
  ],
  temperature: 0.2,
  max_tokens: 256,
});

/** What the upstream bills for each call. */
export const USAGE = { prompt_tokens: 184, completion_tokens: 96, total_tokens: 280 } as const;

export const ANSWER_BODY = JSON.stringify({
  id: ANSWER_ID,
  object: 'chat.completion',
  created: 1_795_219_200,
  model: MODEL,
  choices: [{ index: 0, message: { role: 'assistant', content: ANSWER, refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: {
    ...USAGE,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: 'default',
  system_fingerprint: 'fp_bench',
});
