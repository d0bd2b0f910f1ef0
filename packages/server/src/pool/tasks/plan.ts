import { type ModelFacts, TallyError } from '@tallystick/core';
import { defaultModel, writes } from './default-model.ts';
import type { TurnAsk } from './dialects/dialect.ts';
import type { DialectName, PoolKey } from './ports.ts';
import { measure, type Size, sizeOn } from './sizes.ts';
import { answerAsk, NOTES_OUTPUT, notesAsk, type Story, storyOf, TAIL_CHARS, type TurnText } from './story.ts';
import type { Candidate } from './switching.ts';
import type { Task, TaskText, Turn } from './types.ts';

/** A call that is to be made: what a turn's record has of it before it begins. */
export type PlannedCall = Pick<Turn, 'kind' | 'keyId' | 'model' | 'output' | 'reservationId' | 'tail' | 'marked'>;

/** What a planner stands on. `extra`: tokens that inputs were found to be larger than taken, by key; `extraAnywhere`: at least, on any key. */
export type Ground = {
  readonly task: Task;
  readonly text: TaskText;
  readonly turns: readonly TurnText[];
  readonly keys: readonly PoolKey[];
  readonly model: string;
  readonly extra: ReadonlyMap<string, bigint>;
  readonly extraAnywhere: bigint;
};

/** @throws NO_AVAILABLE_KEYS where no key serves a model of text */
export function modelOf({ chosenModel, model, provider }: Task, keys: readonly PoolKey[]): string {
  const found = chosenModel ?? model ?? defaultModel(keys);
  if (found === null) throw new TallyError('NO_AVAILABLE_KEYS', `No donated key of ${provider} is active now.`, { provider });
  return found;
}

/** The keys that write with the model. */
export function serving(keys: readonly PoolKey[], model: string): readonly PoolKey[] {
  return keys.filter((key) => factsOn(key, model) !== null);
}

/** The request of a planned call: made again from the records it is the same to the byte. */
export function askOf(text: TaskText, before: readonly TurnText[], call: PlannedCall): TurnAsk {
  const story = storyOf(before);
  return call.kind === 'compact' ? notesAsk(text, story, call) : answerAsk(text, story, call);
}

/** Marks are no text whose tokens bytes bound, so they go along only where the provider counts. */
export function isMarked({ countConsent, dialect }: PoolKey): boolean {
  return dialect === 'google' && countConsent;
}

/** What the next turn comes to on each key. @param tail of a compaction; undefined = the turn goes on with the answer. */
export function candidatesFor(ground: Ground, tail?: number | null): readonly Candidate[] {
  const { text, turns, keys, model, extra, extraAnywhere } = ground;
  const story = storyOf(turns);
  const seen = tail === undefined ? lastTotal(turns) : null;
  const measured = new Map<string, ReturnType<typeof measure>>();
  return keys.flatMap((key) => {
    const facts = factsOn(key, model);
    if (facts === null) return [];
    const marked = tail === undefined && isMarked(key);
    const more = extra.get(key.id) ?? extraAnywhere;
    const name = `${key.dialect} ${marked} ${more}`;
    const known = measured.get(name) ?? measured.set(name, sized(key.dialect, more, { text, story, model, marked, tail })).get(name);
    return known === undefined ? [] : [{ key, size: withCap(sizeOn(key, facts, known, seen), tail) }];
  });
}

type Form = {
  readonly text: TaskText;
  readonly story: Story;
  readonly model: string;
  readonly marked: boolean;
  readonly tail: number | null | undefined;
};

function sized(dialect: DialectName, extra: bigint, { text, story, model, marked, tail }: Form) {
  const ask =
    tail === undefined ? answerAsk(text, story, { model, output: 1n, marked }) : notesAsk(text, story, { model, output: 1n, tail });
  return measure(dialect, ask, extra);
}

/** Notes have a limit of their own. */
function withCap(size: Size, tail: number | null | undefined): Size {
  const { maxOutput } = size.facts;
  if (tail === undefined || maxOutput.value <= NOTES_OUTPUT) return size;
  return { ...size, facts: { ...size.facts, maxOutput: { ...maxOutput, value: NOTES_OUTPUT } } };
}

function factsOn(key: PoolKey, model: string): ModelFacts | null {
  const facts = key.models.get(model);
  return facts !== undefined && writes(facts, key) ? facts : null;
}

/** The last answer's input and output are the next one's input. */
function lastTotal(turns: readonly TurnText[]): bigint | null {
  const last = turns.at(-1)?.turn;
  return last?.kind === 'answer' && last.state === 'ended' ? last.charged : null;
}

/** How much of the answer a compaction has, most first; none where notes would not make it shorter. */
export function tailsOf(turns: readonly TurnText[]): readonly (number | null)[] {
  const chars = storyOf(turns).written.reduce((sum, { text }) => sum + text.length, 0);
  // Notes of what was just compacted are no shorter.
  if (turns.at(-1)?.turn.kind === 'compact' || chars <= 2 * TAIL_CHARS) return [];
  const tails: (number | null)[] = [null];
  for (let tail = Math.floor(chars / 2); tail > TAIL_CHARS; tail = Math.floor(tail / 2)) tails.push(tail);
  return tails;
}
