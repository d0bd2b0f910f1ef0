import { describe, expect, it } from 'vitest';
import { LISTENERS_MAX, TaskEvents, textEvent } from './task-events.ts';

describe('who follows a task', () => {
  it('is told until it leaves, which it may do twice', () => {
    const events = new TaskEvents();
    const told: string[] = [];
    const leave = events.listen('a', ({ change }) => told.push(change.kind));
    events.emit('a', textEvent(1, 1, 'x'));
    events.emit('b', textEvent(1, 1, 'x'));
    leave();
    leave();
    events.emit('a', textEvent(1, 2, 'y'));
    expect(told).toEqual(['text']);
  });

  it('is one of a bounded number, of each task and of all', () => {
    const events = new TaskEvents();
    const follow = (task: string) => events.listen(task, () => {});
    const leaves = Array.from({ length: LISTENERS_MAX.task }, () => follow('a'));
    expect(() => follow('a')).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    leaves[0]?.();
    leaves[0]?.();
    follow('a');
    for (let left = LISTENERS_MAX.all - LISTENERS_MAX.task; left > 0; left -= 1) follow(`task-${left}`);
    expect(() => follow('another')).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  });
});
