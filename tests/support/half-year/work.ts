import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../calling.ts';
import type { ExecuteAnswer, PoolStage } from '../pool.ts';
import type { PlannedTask } from './plan.ts';

/** How often a task that failed is set going again before it is given up. */
const RESUMES_MAX = 4;
const AGAIN_MS = 100;
/** No task takes so long here. */
const STUCK_MS = 60_000;

type Ended = { readonly event: string; readonly code: string | null };

/** The tasks: asked for, followed over every restart until they have ended, and set going again where they failed. */
export class Work {
  /** Ids by the tasks' numbers. */
  readonly ids = new Map<number, string>();
  /** Codes with which a task has failed, and was set going again. */
  readonly failures: string[] = [];
  /** How often the pool was started again after a stop. */
  starts = 0;
  readonly #stage: PoolStage;
  #starting: Promise<void> = Promise.resolve();

  constructor(stage: PoolStage) {
    this.#stage = stage;
  }

  async ask(task: PlannedTask): Promise<string> {
    const { number, title, provider, isAllotted, tokens, turnOutputMin } = task;
    const body = {
      task_description: `Task #${number}: ${title}.`,
      provider,
      turn_output_min: turnOutputMin,
      ...(isAllotted ? { estimated_tokens: tokens } : { max_total_tokens: tokens }),
    };
    const { status, json } = await this.#stage.post('/tasks', body);
    if (status !== 202) throw new Error(`task ${number}: ${status} ${JSON.stringify(json)}`);
    this.ids.set(number, String(json['task_id']));
    return String(json['task_id']);
  }

  /** @returns the code that it failed with for good; null where it is done. */
  async finish(task: PlannedTask): Promise<string | null> {
    for (let resumes = 0; ; resumes += 1) {
      const id = this.ids.get(task.number) ?? (await this.ask(task));
      const { event, code } = await this.#end(id);
      if (event === 'done') return null;
      if (resumes >= RESUMES_MAX) return code;
      this.failures.push(String(code));
      if (!(await this.#resume(id))) await this.ask(task);
    }
  }

  /** The daemon may be down at any moment. @throws where the task is stuck */
  async #end(id: string): Promise<Ended> {
    const stuck = AbortSignal.timeout(STUCK_MS);
    while (!stuck.aborted) {
      const ended = await this.#follow(id, stuck).catch(() => null);
      if (ended !== null) return ended;
      await sleep(AGAIN_MS);
    }
    const { result: _, ...task } = await this.#stage.task(id);
    throw new Error(`a task is stuck: ${JSON.stringify(task)}`);
  }

  async #follow(id: string, signal: AbortSignal): Promise<Ended | null> {
    for await (const { event, data } of this.#stage.events(`/tasks/${id}/events`, { signal })) {
      const code = typeof data['error'] === 'string' ? data['error'] : null;
      // An error without a task is the stream's own.
      if (event === 'done' || (event === 'error' && 'task_id' in data)) return { event, code };
      if (event === 'waiting' && code === 'POOL_STOPPED') await this.#startPool();
    }
    return null;
  }

  /** @returns whether it goes on: what a liar has billed may be all that the task had. */
  async #resume(id: string): Promise<boolean> {
    for (;;) {
      const answer = await this.#stage.post(`/tasks/${id}/resume`, {}).catch(() => null);
      if (answer?.status === 200) return true;
      if (answer?.json['error'] === 'CAP_EXCEEDED') return false;
      if (answer !== null && answer.json['error'] !== 'SHUTTING_DOWN') throw new Error(JSON.stringify(answer.json));
      await sleep(AGAIN_MS);
    }
  }

  /** The operator looks at the evidence, which is filed a moment after the stop, and starts the pool again. */
  #startPool(): Promise<void> {
    this.#starting = this.#starting
      .catch(() => {})
      .then(async () => {
        const { json } = await this.#stage.get<{ stops: { pool: { stopped: boolean } } }>('/status');
        if (!json.stops.pool.stopped) return;
        await eventually('evidence of why the pool is stopped is filed', async () => {
          const { json: found } = await this.#stage.get<{ breaches: readonly { filed: boolean }[] }>('/breaches');
          return found.breaches.length > 0 && found.breaches.every(({ filed }) => filed);
        });
        await this.#stage.post('/start', { reason: 'looked at: one key, frozen' });
        this.starts += 1;
      });
    return this.#starting;
  }

  async all(): Promise<readonly ExecuteAnswer[]> {
    const answers: ExecuteAnswer[] = [];
    for (const id of this.ids.values()) answers.push(await this.#stage.task(id));
    return answers;
  }
}
