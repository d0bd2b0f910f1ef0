import type { TurnAsk, Written } from './dialects/dialect.ts';
import type { TaskText, Turn } from './types.ts';

/** A turn with what it has written, as far as it came. */
export type TurnText = { readonly turn: Turn; readonly text: string };

/** Tokens that notes may take. */
export const NOTES_OUTPUT = 4_096n;
/** Characters of the answer's end that stay beside the notes, so that it can go on where it stopped. */
export const TAIL_CHARS = 4_000;

const GO_ON =
  'Your answer was cut off by its length limit. Go on exactly where it stopped: begin with the very next character, repeat nothing, say nothing about this.';
const MAKE_NOTES =
  'Stop writing the answer. Write notes for a writer who must go on with it and sees nothing of it but its last lines: what it has covered so far, in order; the names, figures, decisions and definitions that must stay the same; what is still to be written. Only the notes, in at most 2,000 words.';

/** The state of a conversation: the notes on what is left out of it, and what it has since. */
export type Story = { readonly notes: string | null; readonly written: readonly Written[] };

/**
 * What the next turn stands on. Where the answer so far was compacted, its notes and its last lines take its place; the task itself stays word
 * by word. Refusals are no part of the answer.
 */
export function storyOf(turns: readonly TurnText[]): Story {
  let notes: string | null = null;
  let written: Written[] = [];
  for (const { turn, text } of turns) {
    if (turn.kind === 'compact') {
      if (turn.state !== 'ended' || text.trim() === '') continue;
      notes = text;
      written = [{ text: tailOf(written, TAIL_CHARS), kept: null }];
    } else if (turn.stop !== 'refused' && (text !== '' || turn.kept !== null)) {
      written.push({ text, kept: turn.kept });
    }
  }
  return { notes, written };
}

/** Everything that the model has answered, in order. */
export function resultOf(turns: readonly TurnText[]): string {
  return turns
    .filter(({ turn }) => turn.kind === 'answer')
    .map(({ text }) => text)
    .join('');
}

/** The call that goes on with the answer. */
export function answerAsk(task: TaskText, story: Story, { model, output, marked }: Pick<TurnAsk, 'model' | 'output' | 'marked'>): TurnAsk {
  const began = story.written.some(({ text }) => text.trim() !== '');
  const written = began ? story.written : [];
  return { model, system: task.system, task: withNotes(task, story), written, reply: began ? GO_ON : null, output, marked };
}

/**
 * The call that makes notes of the answer so far. @param tail how many of its last characters are in it, where all of it has no room.
 */
export function notesAsk(
  task: TaskText,
  story: Story,
  { model, output, tail }: Pick<TurnAsk, 'model' | 'output'> & Pick<Turn, 'tail'>,
): TurnAsk {
  const text = tailOf(story.written, tail ?? Number.POSITIVE_INFINITY);
  const written = [{ text, kept: null }];
  return { model, system: task.system, task: withNotes(task, story), written, reply: MAKE_NOTES, output, marked: false };
}

function withNotes({ description }: TaskText, { notes }: Story): string {
  return notes === null ? description : `${description}\n\n[Notes on the answer so far, of which only the last lines follow]\n${notes}`;
}

/** The last characters of what was written; no pair of surrogates is torn. */
export function tailOf(written: readonly Written[], chars: number): string {
  const text = written.map((piece) => piece.text).join('');
  if (text.length <= chars) return text;
  const from = text.length - chars;
  const isTorn = /[\uDC00-\uDFFF]/.test(text.charAt(from));
  return text.slice(isTorn ? from + 1 : from);
}
