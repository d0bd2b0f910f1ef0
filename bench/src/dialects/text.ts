import { STREAM_KINDS, type StreamKind } from './dialect.ts';

/** In every JSON answer; a load phase fails on an answer without it. */
export const ANSWER_ID = 'bench-0001';

/** A typical exchange, about 1 KB each way. */
export const SYSTEM = 'You are a careful assistant. You answer in plain English, in short sentences, and you invent nothing.';

export const PROMPT = `Summarise the following note for a colleague who was not in the meeting. Keep it to five sentences, name who does
what until when, and leave out what was only mentioned in passing.

The team met on Tuesday to look at the rollout of the new billing pages. Ana reported that the migration of old invoices is done for all
but two regions, and that the remaining ones wait for an export from the warehouse. Ben will ask for it today. Chloe showed the new
statement view; people liked it, but the totals column is too narrow for large accounts. She will widen it by Thursday and send pictures.`;

export const ANSWER = `Invoices are migrated for all but two regions; the last ones wait for an export from the warehouse, which Ben asks for today.
Chloe's statement view was well received, but its totals column is too narrow for large accounts. She widens it by Thursday and sends
pictures to the team. Once the export is there, Ana finishes the migration and tells everyone. Nothing else was decided, and the next meeting
is on Tuesday at the usual time.`;

/** What the upstream bills for each call, in every dialect. */
export const TOKENS = { input: 184, output: 96, total: 280 } as const;
/** Output limits that the requests ask for: a stream's text must stay within what they can have made. */
export const OUTPUT_MAX = { json: 256, stream: 2048 } as const;

const KIND_MARK = 'Pace of the answer: ';

/** The only thing that every gateway passes on as it is, in every dialect, is the prompt: so it says how the upstream is to answer. */
export function streamPrompt(kind: StreamKind): string {
  return `${PROMPT}\n\n${KIND_MARK}${kind}.`;
}

/** @returns null where the request asks for none. */
export function streamKindOf(body: Buffer): StreamKind | null {
  const at = body.indexOf(KIND_MARK);
  if (at === -1) return null;
  const from = at + KIND_MARK.length;
  const said = body.toString('latin1', from, body.indexOf('.', from));
  return STREAM_KINDS.find((kind) => kind === said) ?? null;
}
