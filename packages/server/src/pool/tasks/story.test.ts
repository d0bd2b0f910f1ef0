import { describe, expect, it } from 'vitest';
import { answerAsk, NOTES_OUTPUT, notesAsk, resultOf, storyOf, TAIL_CHARS, type TurnText, tailOf } from './story.ts';
import type { Turn } from './types.ts';

function turn(number: number, text: string, more: Partial<Turn> = {}): TurnText {
  return {
    text,
    turn: {
      ...{ taskId: 't', number, kind: 'answer', attempt: 1, state: 'ended', keyId: 'A', model: 'm', output: 10n, reservationId: null },
      ...{ tail: null, marked: false, receiptId: null, held: null, charged: null, stop: 'length', kept: null, startedAt: 1, endedAt: 2 },
      ...more,
    },
  };
}

const text = { description: 'The task.', system: null };
const call = { model: 'm', output: NOTES_OUTPUT, tail: null, marked: false };

describe('what a turn stands on', () => {
  it('is the task alone at first, and then all that was written', () => {
    expect(answerAsk(text, storyOf([]), call)).toMatchObject({ task: 'The task.', written: [], reply: null });
    const ask = answerAsk(text, storyOf([turn(1, 'One, '), turn(2, 'two', { state: 'cut', stop: null })]), call);
    expect(ask.written.map((piece) => piece.text)).toEqual(['One, ', 'two']);
    expect(ask.reply).toContain('exactly where it stopped');
  });

  it('asks anew where nothing but white space was written', () => {
    expect(answerAsk(text, storyOf([turn(1, ' \n')]), call)).toMatchObject({ written: [], reply: null });
  });

  it('is the notes and the last lines after a compaction, with the task word by word', () => {
    const long = 'x'.repeat(TAIL_CHARS * 2);
    const turns = [turn(1, long), turn(2, 'What it says.', { kind: 'compact', stop: 'end' }), turn(3, ' more')];
    const ask = answerAsk(text, storyOf(turns), call);
    expect(ask.task).toMatch(/^The task\.\n\n[\s\S]*What it says\.$/);
    expect(ask.written.map((piece) => piece.text.length)).toEqual([TAIL_CHARS, 5]);
    expect(resultOf(turns)).toBe(`${long} more`);
  });

  it('leaves refusals out, and notes that were cut', () => {
    const story = storyOf([
      turn(1, 'One'),
      turn(2, 'half of the no', { kind: 'compact', state: 'cut', stop: null }),
      turn(3, 'No.', { stop: 'refused' }),
    ]);
    expect(story).toEqual({ notes: null, written: [{ text: 'One', kept: null }] });
  });

  it('a compaction has the end of the answer where all of it has no room', () => {
    const ask = notesAsk(text, storyOf([turn(1, `begin${'y'.repeat(100)}end`)]), { ...call, tail: 3 });
    expect(ask.written).toEqual([{ text: 'end', kept: null }]);
    expect(ask.reply).toContain('Write notes');
  });

  it('tears no character', () => {
    expect(tailOf([{ text: 'a🧾b', kept: null }], 2)).toBe('b');
  });
});
