import type { Source } from '../packages/server/src/gateway/sources.ts';
import { Upstream, type UpstreamCall, type UpstreamEvents, type UpstreamRequest } from '../packages/server/src/gateway/upstream.ts';
import { type Ask, readAsk } from './ask.ts';
import { type Character, conduct, type Item, type Script } from './conduct.ts';
import type { Dice } from './dice.ts';
import type { Scheduler } from './scheduler.ts';
import type { Sent } from './watch.ts';

/** Silence for this long is a lost connection, ms. */
const IDLE_MS = 30_000;

/** What an upstream needs of the process that sends to it. */
export type Stage = {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  /** A place where the process may die. @returns whether it did. */
  point(name: string): boolean;
  /** The hold under which the vault is open just now. */
  opening(): string;
  /** A request has come to an upstream. */
  takes(way: string): void;
  firstByte(sent: Sent, way: string): void;
  /** @param output the most that it was sent for. */
  reports(holdId: string, sourceId: string, tokens: number, isBeyond: boolean): void;
  isRightSecret(sourceId: string, secret: Buffer): boolean;
  say(what: string): void;
};

/** An upstream that is not there: it takes requests as `conduct` draws it, and says when the first byte of each leaves. */
export class SimUpstream extends Upstream {
  readonly #stage: Stage;
  readonly #source: Source;
  readonly #character: Character;

  constructor(stage: Stage, source: Source, character: Character) {
    super('http://upstream.invalid', { connectionsMax: 1, headersMs: IDLE_MS, idleMs: IDLE_MS });
    this.#stage = stage;
    this.#source = source;
    this.#character = character;
  }

  override send(request: UpstreamRequest, events: UpstreamEvents): UpstreamCall {
    const isStream = request.headers.includes('text/event-stream');
    const ask = readAsk(request.path, request.body, isStream);
    const script = conduct(ask, this.#source.host, this.#character, this.#stage.dice);
    return new Exchange(this.#stage, this.#source, request, events, script, ask, this.#character);
  }
}

/** One request and what comes back for it, item by item, until one side ends it. */
class Exchange implements UpstreamCall {
  readonly #stage: Stage;
  readonly #source: Source;
  readonly #request: UpstreamRequest;
  readonly #events: UpstreamEvents;
  readonly #script: Script;
  readonly #ask: Ask;
  readonly #character: Character;
  readonly #holdId: string;
  #at = 0;
  #isSent = false;
  #isEnded = false;
  #isPaused = false;
  #isWaiting = false;

  constructor(
    stage: Stage,
    source: Source,
    request: UpstreamRequest,
    events: UpstreamEvents,
    script: Script,
    ask: Ask,
    character: Character,
  ) {
    this.#stage = stage;
    this.#source = source;
    this.#request = request;
    this.#events = events;
    this.#script = script;
    this.#ask = ask;
    this.#character = character;
    this.#holdId = stage.opening();
    stage.takes(script.way);
    stage.scheduler.after(script.connectMs, () => this.#begin());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#stage.scheduler.after(0, () => this.#deliver());
  }

  abort(): void {
    this.#stage.scheduler.after(0, () => this.#fail(new Error('aborted')));
  }

  #begin(): void {
    if (this.#isEnded) return;
    if (this.#stage.point('before the first byte')) return;
    if (this.#script.isUnsent || !this.#events.start()) {
      this.#fail(new Error('not sent'));
      return;
    }
    this.#isSent = true;
    this.#stage.firstByte(this.#sent(), this.#script.way);
    if (!this.#stage.point('first byte')) this.#next();
  }

  #sent(): Sent {
    const { row } = this.#source;
    const { bill, isTrue, isWithin } = this.#script;
    const isCovered = isWithin && (isTrue || row.settle === 'hold') && this.#character !== 'miscounts';
    if (!this.#stage.isRightSecret(row.id, this.#request.secret.bytes))
      this.#stage.say(`I1: a request to ${row.id} carries another secret`);
    return {
      holdId: this.#holdId,
      sourceId: row.id,
      bill: BigInt(bill),
      billMax: BigInt(this.#ask.billMax),
      isCovered,
    };
  }

  #next(): void {
    const item = this.#script.items[this.#at];
    if (item !== undefined) this.#stage.scheduler.after(item.afterMs, () => this.#deliver());
  }

  #deliver(): void {
    if (this.#isEnded) return;
    const item = this.#script.items[this.#at] as Item;
    if (this.#isPaused && item.kind !== 'reset') {
      this.#isWaiting = true;
      return;
    }
    if (this.#stage.point(item.kind)) return;
    this.#at += 1;
    this.#look(item);
    if (item.kind === 'head') this.#events.head(item.status, item.headers);
    else if (item.kind === 'data') this.#events.data(item.bytes);
    else if (item.kind === 'reset') this.#fail(new Error('connection reset'));
    else if (item.kind === 'silence') this.#stage.scheduler.after(IDLE_MS, () => this.#fail(new Error('body timeout')));
    else {
      this.#isEnded = true;
      this.#events.end();
    }
    if (!this.#isEnded) this.#next();
  }

  /** Just before the gateway sees it. */
  #look(item: Item): void {
    const { reports } = item;
    const most = this.#ask.limit * this.#ask.choices;
    const tooMuch = item.kind === 'data' && item.isTooMuchText === true;
    if (tooMuch) this.#stage.reports(this.#holdId, this.#source.row.id, 0, true);
    if (reports !== undefined) {
      this.#stage.reports(this.#holdId, this.#source.row.id, reports.input + reports.output, reports.output > most);
    }
  }

  #fail(error: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.error(error, this.#isSent);
  }
}
