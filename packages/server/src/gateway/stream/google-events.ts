import { normaliseUsage } from '@tallystick/core';
import type { StreamEvent } from './events.ts';
import type { FrameReader } from './frame-scanner.ts';
import { asArray, asIndex, asName, asObject, bytesWithin, errorCode, type Json, parseObject, textBytes } from './json.ts';
import type { SseFrame } from './sse.ts';

const SPACE = 0x20;
const BRACE = 0x7b;

/**
 * What the frames of a content stream say (`{candidates, promptFeedback, usageMetadata, modelVersion, responseId}` or `{error}`).
 * There is no end marker: a stream is done when every candidate asked for has a finish reason, or the prompt was refused. The usage of
 * each frame is what has come up to so far: until then it is an interim one.
 */
export class GoogleReader implements FrameReader {
  readonly #choices: number;
  readonly #ended = new Set<number>();
  #hasStarted = false;
  #isRefused = false;
  #isDone = false;

  constructor(choices: number) {
    this.#choices = choices;
  }

  read(frame: SseFrame, json: Json | null): StreamEvent[] {
    const chunk = json ?? bareError(frame);
    if (chunk === null) return [];
    if (chunk.error !== undefined && chunk.error !== null) return [{ kind: 'error', code: statusOf(chunk.error) }];
    const events: StreamEvent[] = [];
    if (!this.#hasStarted) events.push({ kind: 'start', id: asName(chunk.responseId), model: asName(chunk.modelVersion) });
    this.#hasStarted = true;
    const candidates = asArray(chunk.candidates);
    for (const entry of candidates) {
      const candidate = asObject(entry);
      if (candidate !== null) this.#candidate(candidate, events);
    }
    if (candidates.length === 0) this.#feedback(asObject(chunk.promptFeedback), events);
    const isOver = this.#isRefused || this.#ended.size >= this.#choices;
    const usage = chunk.usageMetadata;
    if (isReport(usage)) events.push({ kind: 'usage', usage: normaliseUsage('google', usage), interim: !isOver });
    if (isOver && !this.#isDone) {
      this.#isDone = true;
      events.push({ kind: 'done' });
    }
    return events;
  }

  #candidate(candidate: Json, events: StreamEvent[]): void {
    const choice = asIndex(candidate.index);
    const output = outputOf(candidate, choice);
    if (output !== null) {
      events.push(output);
      // What goes on after its end has not ended.
      this.#ended.delete(choice);
      this.#isRefused = false;
    }
    const reason = asName(candidate.finishReason);
    if (reason === null || reason === 'FINISH_REASON_UNSPECIFIED') return;
    events.push({ kind: 'stop', choice, reason });
    if (choice < this.#choices) this.#ended.add(choice);
  }

  /** A prompt that is refused has no candidates. */
  #feedback(feedback: Json | null, events: StreamEvent[]): void {
    const reason = asName(feedback?.blockReason);
    if (reason === null) return;
    events.push({ kind: 'stop', choice: 0, reason });
    this.#isRefused = true;
  }
}

function outputOf(candidate: Json, choice: number): StreamEvent | null {
  let bytes = 0;
  let isHidden = false;
  for (const entry of asArray(asObject(candidate.content)?.parts)) {
    const part = asObject(entry);
    if (part === null) continue;
    bytes += partBytes(part);
    isHidden ||= Object.keys(part).some((name) => name !== 'text' && name !== 'thought');
  }
  if (bytes > 0) return { kind: 'delta', choice, bytes };
  return isHidden ? { kind: 'hidden' } : null;
}

/**
 * Text (of thoughts too), calls and code. Not `inlineData`: an image is over a megabyte of base64 and under two thousand tokens, so that
 * its bytes say nothing of how much text was made; nor signatures and what tools gave back.
 */
function partBytes(part: Json): number {
  const call = asObject(part.functionCall);
  return textBytes(part.text) + bytesWithin(call?.args) + textBytes(asObject(part.executableCode)?.code);
}

/** Some servers send `{}` or only a traffic type until the last frame: no count is no report. */
function isReport(usage: unknown): boolean {
  const object = asObject(usage);
  if (object === null) return usage !== undefined && usage !== null;
  return Object.entries(object).some(([name, value]) => name.endsWith('TokenCount') && value !== null);
}

/** A failing server breaks into its stream with bare JSON, as the official SDK knows. */
function bareError({ data, raw }: SseFrame): Json | null {
  if (data !== null || raw.find((byte) => byte > SPACE) !== BRACE) return null;
  const json = parseObject(raw);
  return asObject(json?.error) === null ? null : json;
}

/** The name of the status (`UNAVAILABLE`), else the number. */
function statusOf(error: unknown): string {
  return asName(asObject(error)?.status) ?? errorCode(error);
}
