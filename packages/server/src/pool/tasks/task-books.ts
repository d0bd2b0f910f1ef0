import { TallyError } from '@tallystick/core';
import type { BookRecord, Ledger, RecordWrite } from '#ledger';
import { readSwitch, readTask, readText, readTurn, write } from './codec.ts';
import type { ContentSeal } from './seal.ts';
import type { TurnText } from './story.ts';
import { type Switch, TASK_STATES, type Task, type TaskState, type TaskText, type Turn } from './types.ts';

export type Records = Pick<Ledger, 'record' | 'records' | 'writeRecords'>;

export const TASK_KIND = 'pool.task';
export const SWITCH_KIND = 'pool.switch';
const ASK_KIND = 'pool.ask';
const TURN_KIND = 'pool.turn';
const TEXT_KIND = 'pool.text';

/** A page of tasks. */
export type TaskPage = { readonly limit: number; readonly state?: TaskState; readonly by?: string; readonly after?: string };

/** Records in one read; texts are large. */
const PAGE = 200;
const TEXT_PAGE = 50;
/** Others who write the same task are few and quick. */
const CONFLICTS_MAX = 16;

/** Ids of what belongs to a task sort by their numbers. */
const numbered = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => (typeof part === 'number' ? String(part).padStart(5, '0') : part)).join('/');

/** Tasks, their turns, what was written, and switches, as records of the books. Texts are sealed. */
export class TaskBooks {
  readonly #records: Records;
  readonly #seal: ContentSeal;

  constructor(records: Records, seal: ContentSeal) {
    this.#records = records;
    this.#seal = seal;
  }

  async create(task: Task, text: TaskText): Promise<void> {
    const ask = { kind: ASK_KIND, id: task.id, rev: 0n, state: '', body: this.#seal.seal(ASK_KIND, task.id, write(text)) };
    await this.#put([{ kind: TASK_KIND, id: task.id, rev: 0n, state: task.state, body: this.#bodyOf(task) }, ask]);
  }

  async find(id: string): Promise<Task | null> {
    const record = await this.#records.record(TASK_KIND, id);
    return record === null ? null : this.#taskOf(record);
  }

  /** @throws NOT_FOUND */
  async task(id: string): Promise<Task> {
    const task = await this.find(id);
    if (task === null) throw new TallyError('NOT_FOUND', 'There is no task with this id.');
    return task;
  }

  /** @throws NOT_FOUND */
  async text(id: string): Promise<TaskText> {
    const record = await this.#records.record(ASK_KIND, id);
    if (record === null) throw new TallyError('NOT_FOUND', 'There is no task with this id.');
    return readText(this.#seal.open(ASK_KIND, id, record.body));
  }

  /** Changes a task as it is now, whoever else changes it meanwhile. @param change null: it stays. @returns the task after it. @throws NOT_FOUND, and what `change` throws */
  async update(id: string, change: (task: Task) => Task | null): Promise<Task> {
    for (let tries = 0; tries < CONFLICTS_MAX; tries += 1) {
      const record = await this.#records.record(TASK_KIND, id);
      if (record === null) throw new TallyError('NOT_FOUND', 'There is no task with this id.');
      const before = this.#taskOf(record);
      const after = change(before);
      if (after === null) return before;
      const body = this.#bodyOf(after);
      const { result } = await this.#records.writeRecords([{ kind: TASK_KIND, id, rev: record.rev, state: after.state, body }]);
      if (result === 'written') return after;
    }
    throw new TallyError('LEDGER_UNAVAILABLE', 'The task is being changed by too many at once.');
  }

  /** All tasks in a state, oldest first. */
  async inState(state: TaskState): Promise<readonly Task[]> {
    const tasks: Task[] = [];
    for await (const record of this.#all(TASK_KIND, PAGE, { state })) tasks.push(this.#taskOf(record));
    return tasks;
  }

  /** Tasks, oldest first. @param by only those that they proposed. @param after the last one's id */
  async list({ limit, state, by, after }: TaskPage): Promise<readonly Task[]> {
    const tasks: Task[] = [];
    const from = { ...(state === undefined ? {} : { state }), ...(after === undefined ? {} : { after }) };
    for await (const record of this.#all(TASK_KIND, PAGE, from)) {
      const task = this.#taskOf(record);
      if (by === undefined || task.by === by) tasks.push(task);
      if (tasks.length === limit) break;
    }
    return tasks;
  }

  /** A turn begins; together with the switch that leads to it. */
  async begin(turn: Turn, change: Switch | null): Promise<void> {
    const writes = [await this.#turnWrite(turn)];
    if (change !== null) {
      const id = numbered(change.taskId, change.turn, change.attempt);
      writes.push({ kind: SWITCH_KIND, id, rev: 0n, state: '', body: write(change) });
    }
    await this.#put(writes);
  }

  async saveTurn(turn: Turn): Promise<void> {
    await this.#put([await this.#turnWrite(turn)]);
  }

  /** A piece of what a turn writes. @param part 0, 1, 2 … */
  async addText(taskId: string, turn: number, part: number, text: string): Promise<void> {
    const id = numbered(taskId, turn, part);
    await this.#put([{ kind: TEXT_KIND, id, rev: 0n, state: '', body: this.#seal.seal(TEXT_KIND, id, text) }]);
  }

  /** All turns with what they have written, in order, and how many pieces that is. */
  async turns(taskId: string): Promise<readonly (TurnText & { readonly parts: number })[]> {
    const texts = new Map<number, string[]>();
    for await (const { id, body } of this.#all(TEXT_KIND, TEXT_PAGE, { prefix: `${taskId}/` })) {
      const turn = Number(id.split('/')[1]);
      texts.set(turn, [...(texts.get(turn) ?? []), this.#seal.open(TEXT_KIND, id, body)]);
    }
    const turns: (TurnText & { readonly parts: number })[] = [];
    for await (const record of this.#all(TURN_KIND, PAGE, { prefix: `${taskId}/` })) {
      const parts = texts.get(Number(record.id.split('/')[1])) ?? [];
      turns.push({ turn: this.#turnOf(record), text: parts.join(''), parts: parts.length });
    }
    return turns;
  }

  async switches(taskId: string): Promise<readonly Switch[]> {
    const found: Switch[] = [];
    for await (const { body } of this.#all(SWITCH_KIND, PAGE, { prefix: `${taskId}/` })) found.push(readSwitch(body));
    return found;
  }

  /** A page of the switches of all tasks. */
  async allSwitches(limit: number, after?: string): Promise<readonly { readonly id: string; readonly change: Switch }[]> {
    const page = await this.#records.records(SWITCH_KIND, { limit, ...(after === undefined ? {} : { after }) });
    return page.map(({ id, body }) => ({ id, change: readSwitch(body) }));
  }

  /** What a provider says of a request that it refuses may quote the task's own words. */
  #bodyOf(task: Task): string {
    const { id, reason } = task;
    return write(reason === null ? task : { ...task, reason: { ...reason, message: this.#seal.seal(TASK_KIND, id, reason.message) } });
  }

  #taskOf({ id, state, body }: BookRecord): Task {
    const known = TASK_STATES.find((each) => each === state);
    if (known === undefined) throw new TallyError('TAMPERED', 'A task is in a state that there is not.');
    const { reason, ...task } = readTask(body);
    const opened = reason === null ? null : { ...reason, message: this.#seal.open(TASK_KIND, id, reason.message) };
    return { ...task, reason: opened, state: known };
  }

  async #turnWrite(turn: Turn): Promise<RecordWrite> {
    const id = numbered(turn.taskId, turn.number);
    const known = await this.#records.record(TURN_KIND, id);
    const kept = turn.kept === null ? null : this.#seal.seal(TURN_KIND, id, turn.kept);
    return { kind: TURN_KIND, id, rev: known?.rev ?? 0n, state: turn.state, body: write({ ...turn, kept }) };
  }

  #turnOf({ id, state, body }: BookRecord): Turn {
    const turn = readTurn(body);
    const kept = turn.kept === null ? null : this.#seal.open(TURN_KIND, id, turn.kept);
    return { ...turn, kept, state: state as Turn['state'] };
  }

  /** What only this process writes: there is no conflict, but where an acknowledgement was lost. */
  async #put(writes: readonly RecordWrite[]): Promise<void> {
    const outcome = await this.#records.writeRecords(writes);
    if (outcome.result === 'written') return;
    const found = await this.#records.record(outcome.kind, outcome.id);
    if (writes.some(({ kind, id, body }) => kind === found?.kind && id === found.id && body === found.body)) return;
    throw new TallyError('LEDGER_UNAVAILABLE', 'Another process writes the same task.');
  }

  async *#all(
    kind: string,
    limit: number,
    { state, prefix = '', after: from }: { state?: string; prefix?: string; after?: string },
  ): AsyncGenerator<BookRecord> {
    let after = prefix === '' ? from : prefix;
    for (;;) {
      const query = { limit, ...(state === undefined ? {} : { state }), ...(after === undefined ? {} : { after }) };
      const page = await this.#records.records(kind, query);
      for (const record of page) {
        if (!record.id.startsWith(prefix)) return;
        yield record;
      }
      after = page.at(-1)?.id;
      if (after === undefined || page.length < limit) return;
    }
  }
}
