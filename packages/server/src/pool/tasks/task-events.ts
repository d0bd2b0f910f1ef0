import { TallyError } from '@tallystick/core';
import type { TurnText } from './story.ts';
import type { Switch, Task, Turn } from './types.ts';

/** Where an event stands in the life of a task. */
export type Place = { readonly turn: number; readonly step: number; readonly offset: number };

/** One thing that happens to a task. */
export type TaskEvent = { readonly place: Place | null; readonly change: Change };
export type Change =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'switch'; readonly change: Switch }
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'text'; readonly turn: number; readonly text: string }
  /** It is in another state. */
  | { readonly kind: 'state'; readonly task: Task };

/** A switch and the beginning that follows it have the attempt as their offset, so that those of a second attempt come after the first. */
const STEP = { task: 0, begin: 1, text: 2, end: 3 } as const;

export function taskEvent(task: Task): TaskEvent {
  return { place: { turn: 0, step: STEP.task, offset: 0 }, change: { kind: 'task', task } };
}

export function switchEvent(change: Switch): TaskEvent {
  return { place: { turn: change.turn, step: STEP.begin, offset: 2 * change.attempt - 1 }, change: { kind: 'switch', change } };
}

export function turnEvent(turn: Turn): TaskEvent {
  const step = turn.state === 'open' ? STEP.begin : STEP.end;
  return { place: { turn: turn.number, step, offset: 2 * turn.attempt }, change: { kind: 'turn', turn } };
}

/** @param offset characters of the turn's text up to the end of this one. */
export function textEvent(turn: number, offset: number, text: string): TaskEvent {
  return { place: { turn, step: STEP.text, offset }, change: { kind: 'text', turn, text } };
}

/** A state stands nowhere: who comes back is told the one of then. */
export function stateEvent(task: Task): TaskEvent {
  return { place: null, change: { kind: 'state', task } };
}

export function placeText({ turn, step, offset }: Place): string {
  return `${turn}.${step}.${offset}`;
}

/** @returns null for what is no place. */
export function readPlace(text: string): Place | null {
  const [, turn, step, offset] = /^(\d{1,6})\.(\d)\.(\d{1,9})$/.exec(text) ?? [];
  return turn === undefined ? null : { turn: Number(turn), step: Number(step), offset: Number(offset) };
}

export function isAfter(a: Place, b: Place): boolean {
  if (a.turn !== b.turn) return a.turn > b.turn;
  return a.step === b.step ? a.offset > b.offset : a.step > b.step;
}

/** All that has happened to a task, as the books have it. */
export function historyOf(task: Task, turns: readonly TurnText[], switches: readonly Switch[]): readonly TaskEvent[] {
  const events = [taskEvent(task)];
  for (const { turn, text } of turns) {
    events.push(...switches.filter((each) => each.turn === turn.number).map(switchEvent));
    events.push(turnEvent({ ...turn, state: 'open' }));
    if (turn.kind === 'answer' && text !== '') events.push(textEvent(turn.number, text.length, text));
    if (turn.state !== 'open') events.push(turnEvent(turn));
  }
  return events;
}

/** What of an event is new to somebody who has seen all up to a place; null: nothing. */
export function newSince(event: TaskEvent, seen: Place | null): TaskEvent | null {
  const { place, change } = event;
  if (place === null || seen === null) return event;
  if (!isAfter(place, seen)) return null;
  if (change.kind !== 'text' || seen.turn !== place.turn || seen.step !== STEP.text) return event;
  const from = place.offset - change.text.length;
  if (seen.offset <= from) return event;
  return textEvent(place.turn, place.offset, change.text.slice(seen.offset - from));
}

type Listener = (event: TaskEvent) => void;

/** Readers of one task, and of all tasks together: each keeps a connection and, while it is slow, events. */
export const LISTENERS_MAX = { task: 64, all: 1024 } as const;

/** Who follows which task, in this process. */
export class TaskEvents {
  readonly #listeners = new Map<string, Set<Listener>>();
  #count = 0;

  emit(taskId: string, event: TaskEvent): void {
    for (const listener of this.#listeners.get(taskId) ?? []) listener(event);
  }

  /** @returns what ends it. @throws OVERLOADED where too many follow already */
  listen(taskId: string, listener: Listener): () => void {
    const all = this.#listeners.get(taskId) ?? new Set();
    if (all.size >= LISTENERS_MAX.task || this.#count >= LISTENERS_MAX.all)
      throw new TallyError('OVERLOADED', 'Too many follow tasks of the pool at this moment.');
    this.#listeners.set(taskId, all.add(listener));
    this.#count += 1;
    return () => {
      if (all.delete(listener)) this.#count -= 1;
      if (all.size === 0) this.#listeners.delete(taskId);
    };
  }
}
