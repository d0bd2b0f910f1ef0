import type { ChildProcess } from 'node:child_process';
import type { Dialect, StreamKind } from '../dialects/dialect.ts';
import { ask } from '../house/ask.ts';
import { processorMs } from '../house/machine.ts';
import { rest } from '../house/rest.ts';
import type { Stage } from '../house/stage.ts';
import type { Latency } from '../house/stats.ts';
import type { Subject } from '../house/subjects.ts';
import type { Told, UpstreamAsk } from '../house/upstream-asks.ts';
import type { CallerAsk, Drained, Rushed, StreamRequest, Watched } from './caller-asks.ts';
import type { Level, OfSubject, Phase } from './figures.ts';
import type { Options } from './options.ts';

const RUSH_STREAMS = 32;
const WARM_UP_SHARE = 0.2;
const US_PER_MS = 1000;

/** Everything that is asked of the processes while one subject serves one dialect. */
export class Turn {
  readonly subject: Subject;
  readonly #stage: Stage;
  readonly #dialect: Dialect;

  constructor(stage: Stage, subject: Subject, dialect: Dialect) {
    this.subject = subject;
    this.#stage = stage;
    this.#dialect = dialect;
  }

  hold(upTo: number): Promise<void> {
    return this.#callers({ do: 'hold', request: this.#request('held'), upTo });
  }

  watch(ms: number): Promise<Watched> {
    return this.#callers({ do: 'watch', ms });
  }

  probe(count: number): Promise<Latency> {
    return this.#callers({ do: 'probe', request: this.#request('probe'), count });
  }

  rush(): Promise<Rushed> {
    return this.#callers({ do: 'rush', request: this.#request('rush'), streams: RUSH_STREAMS });
  }

  /** Has the upstream end all held streams, and waits until each has come to its caller, and the subject rests. */
  async release(): Promise<Drained> {
    await this.upstream({ release: true });
    const drained = await this.#callers<Drained>({ do: 'drain' });
    const pid = this.subject.child?.pid;
    if (pid !== undefined) await rest(pid);
    return drained;
  }

  upstream(asked: UpstreamAsk): Promise<Told> {
    return ask(this.#stage.upstream, asked, 'the upstream');
  }

  #callers<T>(asked: CallerAsk): Promise<T> {
    const child: ChildProcess = this.#stage.callers;
    return ask(child, asked, `${this.subject.name}, ${this.#dialect.name}, ${asked.do}`);
  }

  #request(kind: StreamKind): StreamRequest {
    const { path, body, end } = this.#dialect.stream;
    return { ...this.subject.way(this.#dialect, path), body: body(kind), end };
  }
}

/** One subject's turn in a round. */
export async function oneSubject(turn: Turn, options: Options): Promise<OfSubject> {
  await turn.probe(Math.ceil(options.probes * WARM_UP_SHARE));
  const phases: Partial<Record<Level, Phase>> = {};
  for (const level of options.levels) phases[level] = await onePhase(turn, level, options);
  const { frames, elapsedMs } = await turn.rush();
  await turn.release();
  return { phases, rushFramesPerSecond: (frames * 1000) / elapsedMs };
}

async function onePhase(turn: Turn, level: Level, { probes, watchMs }: Options): Promise<Phase> {
  await turn.hold(level);
  const watched = level === 0 ? null : await watchWork(turn, watchMs);
  await turn.upstream({});
  const first = await turn.probe(probes);
  const { held, heldLeast } = await turn.upstream({});
  await turn.release();
  return {
    first,
    frame: watched?.latency ?? null,
    processorUsPerFrame: watched?.processorUsPerFrame ?? null,
    heldLeast: Math.min(held, heldLeast),
  };
}

/** Only the frames of held streams are under way now, so the processor time is theirs. */
async function watchWork(turn: Turn, ms: number) {
  const pid = turn.subject.child?.pid;
  // What it took to begin the streams must have settled.
  if (pid !== undefined) await new Promise((resolve) => setTimeout(resolve, ms / 3));
  const before = pid === undefined ? null : processorMs(pid);
  const { frames, latency } = await turn.watch(ms);
  const after = pid === undefined ? null : processorMs(pid);
  const spentMs = before === null || after === null ? null : after - before;
  return { latency, processorUsPerFrame: spentMs === null || frames === 0 ? null : (spentMs * US_PER_MS) / frames };
}
