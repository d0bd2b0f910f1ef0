import { manualClock } from '../packages/server/src/ground/clock.ts';
import { seeded } from '../tests/support/random.ts';

/** Whose event it is: a process that died takes its events with it; what is `null` belongs to the world around it. */
type Owner = number | null;

type Event = { readonly at: number; readonly tie: number; readonly owner: Owner; readonly run: () => void; cancelled: boolean };

/** The real one, taken before it is replaced: between two events, whatever was promised is kept. */
const realImmediate = globalThis.setImmediate;

/** What stands where a `NodeJS.Timeout` is expected. */
class Timer {
  readonly event: Event;

  constructor(event: Event) {
    this.event = event;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }
}

/**
 * Virtual time: one event at a time, in order of time, ties in an order drawn from the seed. Promises are real, and run dry between events.
 * While it is installed, the process's own timers are its events.
 */
export class Scheduler {
  /** Wall time and monotonic time, for whoever asks for a clock. */
  readonly clock = manualClock(1_800_000_000_000);
  readonly #random: () => number;
  readonly #heap: Event[] = [];
  /** The process that lives now: timers that are set belong to it. */
  #life = 0;
  /** The fraction of a millisecond that wall time is behind. */
  #wallOwed = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Monotonic ms. */
  get now(): number {
    return this.clock.monotonicMs();
  }

  /** All that the process was about to do is forgotten. */
  endLife(): void {
    this.#life += 1;
  }

  /** An event of the process that lives now. */
  after(ms: number, run: () => void): Event {
    return this.#add(ms, run, this.#life);
  }

  /** An event of the world: it comes whatever happens to the process. */
  worldAfter(ms: number, run: () => void): void {
    this.#add(ms, run, null);
  }

  /** @returns false where nothing is left to happen. */
  async step(): Promise<boolean> {
    let event = this.#take();
    while (event !== undefined && !this.#isDue(event)) event = this.#take();
    if (event === undefined) return false;
    if (event.at > this.now) this.#advance(event.at - this.now);
    event.run();
    await new Promise<void>((resolve) => {
      realImmediate(resolve);
    });
    return true;
  }

  /** Puts virtual timers in place of the real ones. @returns puts the real ones back. */
  install(): () => void {
    const { setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval, clearInterval } = globalThis;
    const cancel = (timer: unknown) => {
      if (timer instanceof Timer) timer.event.cancelled = true;
    };
    const set = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      new Timer(this.after(Math.max(1, ms), () => run(...args)));
    const soon = (run: (...args: unknown[]) => void, ...args: unknown[]) => new Timer(this.after(0, () => run(...args)));
    const never = () => {
      throw new Error('nothing that is simulated uses intervals');
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: cancel, setImmediate: soon, clearImmediate: cancel, setInterval: never });
    return () => Object.assign(globalThis, { setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval, clearInterval });
  }

  /** Wall time is in whole milliseconds, as everywhere. */
  #advance(ms: number): void {
    const wall = this.clock.wallMs();
    this.clock.advance(ms);
    this.clock.setWall(wall);
    this.#wallOwed += ms;
    const whole = Math.floor(this.#wallOwed);
    this.#wallOwed -= whole;
    this.clock.setWall(wall + whole);
  }

  #isDue({ cancelled, owner }: Event): boolean {
    return !cancelled && (owner === null || owner === this.#life);
  }

  #add(ms: number, run: () => void, owner: Owner): Event {
    const event: Event = { at: this.now + ms, tie: this.#random(), owner, run, cancelled: false };
    this.#heap.push(event);
    let at = this.#heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, this.#heap[parent] as Event)) break;
      this.#heap[at] = this.#heap[parent] as Event;
      at = parent;
    }
    this.#heap[at] = event;
    return event;
  }

  #take(): Event | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < this.#heap.length; child = 2 * at + 1) {
      const right = this.#heap[child + 1];
      if (right !== undefined && isBefore(right, this.#heap[child] as Event)) child += 1;
      if (!isBefore(this.#heap[child] as Event, last)) break;
      this.#heap[at] = this.#heap[child] as Event;
      at = child;
    }
    this.#heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}
