import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { TallyError } from '@tallystick/core';
import { randomHex } from '#ground/ids';
import { admit, candidates, soonest } from './admission.ts';
import { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import type { Held } from './hold.ts';
import type { CallRequest } from './request.ts';
import { Trail } from './trail.ts';
import type { Job, Work } from './work.ts';

/** The first wait before a source is asked again; it doubles with each. */
const BACKOFF_MS = 500;

/** What may be over by itself: the same source is asked again. */
const PASSING: ReadonlySet<string> = new Set([
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_OVERLOADED',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_ERROR',
  'UPSTREAM_TIMEOUT',
]);
/** What another source may not suffer from. */
const OF_THE_SOURCE: ReadonlySet<string> = new Set([...PASSING, 'UPSTREAM_AUTH', 'SECRET_UNAVAILABLE']);

const NO_ROOM: ReadonlySet<string> = new Set(['CAP_EXCEEDED', 'CAP_BUSY', 'NO_AVAILABLE_KEYS', 'MODEL_UNKNOWN']);

/**
 * Serves a call; or, where one like it was served before and its answer is still kept, gives that again.
 * @throws what `admit` throws, before anything is answered.
 */
export async function serveCall(deps: GatewayDeps, call: CallRequest, res: ServerResponse, work: Work): Promise<void> {
  try {
    await tryCall(deps, call, res, work);
  } catch (refused) {
    if (!(await deps.replays.answer(call, res, refused))) throw refused;
  }
}

/**
 * One attempt after another, each under a hold of its own, until the caller is answered. A further attempt is made only
 * after one that provably was not billed, first on a source that has not been tried, then, after a wait, on one that has.
 */
async function tryCall(deps: GatewayDeps, call: CallRequest, res: ServerResponse, work: Work): Promise<void> {
  const trail = new Trail();
  let readyBy = 0;
  let last: TallyError | null = null;
  for (let retries = 0; ; retries += 1) {
    const held = await admit(deps, call, trail, work, candidates(deps, call, trail, readyBy)).catch((cause: unknown) => {
      if (last !== null && cause instanceof TallyError && NO_ROOM.has(cause.code)) return null;
      throw cause;
    });
    let waitMs: number | null;
    if (held === null) waitMs = waitLeft(deps, call, trail, retries);
    else {
      const stop = deps.metrics.duration.startTimer({ gen_ai_operation_name: call.spec.name, gen_ai_system: held.source.row.provider });
      const again = await work.finish(attempt(deps, call, held, res, trail, retries)).finally(stop);
      if (again === null) return;
      ({ waitMs, error: last } = again);
    }
    // That no other source could take the call over says less than why the first one failed.
    if (waitMs === null) throw last;
    readyBy = soonest(deps, call, trail);
    if (!(await pause(waitMs, res, work))) return;
  }
}

function attempt(deps: GatewayDeps, call: CallRequest, held: Held, res: ServerResponse, trail: Trail, retries: number): Call {
  return new Call(deps, call, held, res, (error, headers, askedMs) => {
    if (!OF_THE_SOURCE.has(error.code)) return null;
    const ms = PASSING.has(error.code) ? waitFor(deps, headers, askedMs, retries) : Number.POSITIVE_INFINITY;
    trail.failed(held.source.row.id, deps.clock.monotonicMs() + ms);
    return waitLeft(deps, call, trail, retries);
  });
}

/** @returns ms until a source may be asked, 0 where one is untried; null where that is too long, or it was tried often enough. */
function waitLeft(deps: GatewayDeps, call: CallRequest, trail: Trail, retries: number): number | null {
  const { retriesMax, retryWaitMaxMs } = deps.limits;
  const waitMs = Math.max(0, soonest(deps, call, trail) - deps.clock.monotonicMs());
  return retries < retriesMax && waitMs <= retryWaitMaxMs ? waitMs : null;
}

/** @returns ms until the same source may be asked again: what it says, else a growing time with some chance in it; `Infinity`: never. */
function waitFor({ limits }: GatewayDeps, headers: IncomingHttpHeaders, askedMs: number | null, retries: number): number {
  if (headers['x-should-retry'] === 'false') return Number.POSITIVE_INFINITY;
  if (askedMs !== null) return askedMs;
  // Callers that were refused together must not come back together.
  const share = Number.parseInt(randomHex(2), 16) / 0xffff;
  return Math.min(BACKOFF_MS * 2 ** retries, limits.retryWaitMaxMs) * (1 - share / 4);
}

/** @returns false where the caller left meanwhile: nobody is there to be answered. @throws SHUTTING_DOWN, the call's own last error. */
async function pause(ms: number, res: ServerResponse, work: Work): Promise<boolean> {
  const ended = ms === 0 ? 'over' : await work.run(new Wait(ms, res));
  if (res.destroyed || ended === 'left') return false;
  if (work.isCut || ended === 'cut') throw new TallyError('SHUTTING_DOWN');
  return true;
}

/** Waits for some time, for the caller's leaving, or for the gateway's shutdown, whichever is first. */
class Wait implements Job<'over' | 'left' | 'cut'> {
  readonly #ms: number;
  readonly #res: ServerResponse;
  #end: (why: 'over' | 'left' | 'cut') => void = () => {};

  constructor(ms: number, res: ServerResponse) {
    this.#ms = ms;
    this.#res = res;
  }

  async run(): Promise<'over' | 'left' | 'cut'> {
    const left = () => this.#end('left');
    let timer: NodeJS.Timeout | undefined;
    const ended = await new Promise<'over' | 'left' | 'cut'>((resolve) => {
      this.#end = resolve;
      timer = setTimeout(() => resolve('over'), this.#ms);
      this.#res.once('close', left);
    });
    clearTimeout(timer);
    this.#res.off('close', left);
    return ended;
  }

  abort(): void {
    this.#end('cut');
  }
}
