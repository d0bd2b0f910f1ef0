import type { Ask } from './ask.ts';
import type { Dice } from './dice.ts';
import { type Frame, type Reported, type Said, VOICES } from './voices.ts';

/** How an upstream takes one request. The last four break the promise that I2 asks of it. */
export type Way =
  | 'well'
  | 'slow'
  | 'cut'
  | 'cutWithReports'
  | 'endsEarly'
  | 'lostAfterReport'
  | 'hang'
  | 'reset'
  | 'unsent'
  | 'late'
  | 'refuses'
  | 'refusesBilled'
  | 'errorWithin'
  | 'noUsage'
  | 'badUsage'
  | 'garbage'
  | 'compressed'
  | 'overruns'
  | 'overrunsInText'
  | 'servesTwice'
  | 'reportsLow'
  | 'refusesAndBills';

/** `keeps`: its word, whatever else goes wrong · `closes`: its reports cannot be trusted, its limits can · `breaks`: neither · `miscounts`. */
export type Character = 'keeps' | 'closes' | 'breaks' | 'miscounts';

/** One thing that comes back, so long after the one before. */
export type Item = { readonly afterMs: number; readonly reports?: Reported } & (
  | { readonly kind: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'data'; readonly bytes: Buffer; readonly isTooMuchText?: boolean }
  | { readonly kind: 'end' | 'reset' | 'silence' }
);

export type Script = {
  readonly way: Way;
  readonly connectMs: number;
  readonly isUnsent: boolean;
  readonly items: readonly Item[];
  /** Tokens that it bills. */
  readonly bill: number;
  /** It bills within what it was sent, and what it reports is at least that. */
  readonly isTrue: boolean;
  /** It bills within what it was sent. */
  readonly isWithin: boolean;
};

const FAULTS: Partial<Record<Way, number>> = {
  slow: 6,
  cut: 5,
  cutWithReports: 5,
  endsEarly: 4,
  lostAfterReport: 3,
  hang: 2,
  reset: 4,
  unsent: 4,
  late: 3,
  refuses: 8,
  refusesBilled: 4,
  errorWithin: 4,
  noUsage: 3,
  badUsage: 3,
  garbage: 2,
  compressed: 1,
};

export const WAYS: Readonly<Record<Character, Partial<Record<Way, number>>>> = {
  keeps: { well: 50, ...FAULTS },
  closes: { well: 40, ...FAULTS, reportsLow: 15, refusesAndBills: 6 },
  breaks: { well: 60, cut: 4, reset: 2, overruns: 5, overrunsInText: 3, servesTwice: 5, reportsLow: 5, refusesAndBills: 3 },
  miscounts: { well: 60, cut: 3, refuses: 4, hang: 1 },
};

/** What the facts list as not billed, by host. */
const UNBILLED: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  sandbox: [
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [429, 'rate_limit_error'],
  ],
  'api.anthropic.com': [
    [429, 'rate_limit_error'],
    [529, 'overloaded_error'],
    [400, 'invalid_request_error'],
  ],
};
/** And what they do not. */
const BILLED: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  sandbox: [
    [500, 'api_error'],
    [503, 'overloaded_error'],
    [404, 'not_found_error'],
  ],
  'api.anthropic.com': [
    [500, 'api_error'],
    [429, 'some_other_error'],
    [504, 'timeout_error'],
  ],
  'api.openai.com': [
    [400, 'invalid_request_error'],
    [429, 'rate_limit_exceeded'],
    [500, 'server_error'],
  ],
};

/** No token is longer than this, so more text than that per token shows an overrun. */
const TOKEN_BYTES_MAX = 128;
/** Above this limit an overrun in text is too much text to simulate at length. */
const TEXT_LIMIT_MAX = 64;
const SLOW_MS = 15_000;
const UNRELIABLE: ReadonlySet<Way> = new Set(['overruns', 'overrunsInText', 'servesTwice', 'reportsLow', 'refusesAndBills']);
const EXCESSIVE: ReadonlySet<Way> = new Set(['overruns', 'overrunsInText', 'servesTwice']);

/** Draws how a request is taken, and writes out what comes back for it. */
export function conduct(ask: Ask, host: string, character: Character, dice: Dice): Script {
  if (ask.isCount) return countScript(ask, character, dice);
  const way = possible(dice.weighted<Way>(WAYS[character]), ask, host);
  const most = ask.limit * ask.choices;
  const output = way === 'overruns' ? most + dice.whole(1, 3 * most) : dice.chance(0.3) ? ask.outputMax : dice.whole(0, ask.outputMax);
  const truth: Reported = { input: ask.input, output };
  const reported = way === 'reportsLow' ? { input: 1, output: Math.floor(output / 4) } : truth;
  const full = truth.input + truth.output;
  const bill = billOf(way, full, truth.input, most);
  const connectMs = way === 'late' ? dice.between(1_500, 4_000) : dice.between(0.2, 20);
  const script = { way, connectMs, isUnsent: way === 'unsent', bill, isTrue: !UNRELIABLE.has(way), isWithin: !EXCESSIVE.has(way) };
  return { ...script, items: itemsOf(way, ask, host, said(ask, way, reported, dice), dice) };
}

function possible(way: Way, { isStream, limit }: Ask, host: string): Way {
  if (way === 'refuses' && UNBILLED[host] === undefined) return 'refusesBilled';
  if (way === 'refusesAndBills' && UNBILLED[host] === undefined) return 'reportsLow';
  if (way === 'overrunsInText' && (!isStream || limit > TEXT_LIMIT_MAX)) return 'overruns';
  if ((way === 'lostAfterReport' || way === 'errorWithin' || way === 'cutWithReports') && !isStream) return 'reset';
  return way;
}

function billOf(way: Way, full: number, input: number, most: number): number {
  if (way === 'refuses' || way === 'unsent') return 0;
  if (way === 'refusesBilled') return input;
  if (way === 'servesTwice') return 2 * full;
  return way === 'overrunsInText' ? input + 2 * most + 1 : full;
}

function said({ limit, choices }: Ask, way: Way, reported: Reported, dice: Dice): Said {
  const pieces = dice.whole(1, 6);
  const bytes = way === 'overrunsInText' ? limit * choices * TOKEN_BYTES_MAX + 1 : Math.min(reported.output * 3, 300);
  const texts = Array.from({ length: pieces }, () => 'x'.repeat(Math.ceil(bytes / pieces)));
  return { texts, reported, interim: way === 'cutWithReports' || dice.chance(0.1) };
}

function itemsOf(way: Way, ask: Ask, host: string, words: Said, dice: Dice): readonly Item[] {
  const speaker = VOICES[ask.voice];
  const wait = () => (way === 'slow' ? dice.between(50, SLOW_MS) : dice.between(0.1, 60));
  const data = ({ bytes, reports }: Frame): Item => ({
    afterMs: wait(),
    kind: 'data',
    bytes,
    ...(reports === undefined ? {} : { reports }),
  });
  const last = (kind: 'end' | 'reset' | 'silence'): Item => ({ afterMs: wait(), kind });
  const head = (status: number, type: string, more = {}): Item => ({
    afterMs: wait(),
    kind: 'head',
    status,
    headers: { 'content-type': type, ...more },
  });
  if (way === 'reset') return [last('reset')];
  if (way === 'hang' && dice.chance(0.5)) return [last('silence')];
  if (way === 'refuses' || way === 'refusesBilled' || way === 'refusesAndBills') {
    const [status, code] = dice.pick((way === 'refusesBilled' ? BILLED : UNBILLED)[host] ?? []);
    const bytes = Buffer.from(JSON.stringify(speaker.error(status, code)));
    return [head(status, 'application/json', dice.chance(0.4) ? { 'retry-after': '1' } : {}), data({ bytes }), last('end')];
  }
  if (way === 'garbage') return [head(200, 'text/html'), data({ bytes: Buffer.from('<html></html>') }), last('end')];
  if (way === 'compressed')
    return [head(200, 'application/json', { 'content-encoding': 'gzip' }), data({ bytes: Buffer.alloc(9) }), last('end')];
  return ask.isStream ? streamItems(way, ask, words, dice, { head, data, last }) : wholeItems(way, ask, words, { head, data, last });
}

type Makers = {
  head(status: number, type: string): Item;
  data(frame: Frame): Item;
  last(kind: 'end' | 'reset' | 'silence'): Item;
};

function streamItems(way: Way, ask: Ask, words: Said, dice: Dice, { head, data, last }: Makers): readonly Item[] {
  const frames = VOICES[ask.voice].stream(ask, words);
  const reportAt = frames.findLastIndex(({ reports }) => reports !== undefined);
  const cutAt = dice.whole(0, reportAt);
  const first = head(200, 'text/event-stream');
  const some = (to: number) => frames.slice(0, to).map(data);
  switch (way) {
    case 'cut':
    case 'cutWithReports':
      return [first, ...some(cutAt), last('reset')];
    case 'endsEarly':
      return [first, ...some(cutAt), last('end')];
    case 'hang':
      return [first, ...some(cutAt), last('silence')];
    case 'lostAfterReport':
      return [first, ...some(reportAt + 1), last('reset')];
    case 'errorWithin':
      return [first, ...some(cutAt), data({ bytes: errorFrame(ask) }), last('end')];
    case 'noUsage':
    case 'badUsage':
      return [first, ...frames.map((frame) => data({ bytes: withoutUsage(frame, way) })), last('end')];
    case 'overrunsInText':
      return [first, ...frames.map((frame, i) => ({ ...data(frame), isTooMuchText: i === lastText(frames, words) })), last('end')];
    default:
      return [first, ...frames.map(data), last('end')];
  }
}

function lastText(frames: readonly Frame[], { texts }: Said): number {
  return frames.findLastIndex(({ bytes }) => bytes.length > (texts[0] ?? '').length);
}

function wholeItems(way: Way, ask: Ask, words: Said, { head, data, last }: Makers): readonly Item[] {
  const speaker = VOICES[ask.voice];
  const { [speaker.usageField]: usage, ...rest } = speaker.whole(ask, words);
  const json = way === 'noUsage' ? rest : { ...rest, [speaker.usageField]: way === 'badUsage' ? { rubbish: -1 } : usage };
  const bytes = Buffer.from(JSON.stringify(json));
  const first = head(200, 'application/json');
  const half = data({ bytes: bytes.subarray(0, bytes.length >> 1) });
  if (way === 'cut' || way === 'endsEarly' || way === 'hang')
    return [first, half, last(way === 'cut' ? 'reset' : way === 'hang' ? 'silence' : 'end')];
  const isReport = way !== 'noUsage' && way !== 'badUsage';
  return [
    first,
    half,
    data({ bytes: bytes.subarray(bytes.length >> 1) }),
    { ...last('end'), ...(isReport ? { reports: words.reported } : {}) },
  ];
}

function errorFrame({ voice }: Ask): Buffer {
  return Buffer.from(`${voice === 'anthropic' ? 'event: error\n' : ''}data: ${JSON.stringify(VOICES[voice].error(500, 'api_error'))}\n\n`);
}

/** The same frame with rubbish for a usage report, or none. */
function withoutUsage({ bytes }: Frame, way: 'noUsage' | 'badUsage'): Buffer {
  const stand = way === 'noUsage' ? 'null' : '{"rubbish":-1}';
  return Buffer.from(bytes.toString().replace(/"(usage|usageMetadata)":\{[^}]*\}/, (_all, name: string) => `"${name}":${stand}`));
}

/** A count is free, and true but for who lies about it. */
function countScript(ask: Ask, character: Character, dice: Dice): Script {
  const tokens = character === 'miscounts' ? Math.floor(ask.counted / 8) : ask.counted;
  const json = ask.voice === 'google' ? { totalTokens: tokens } : { input_tokens: tokens };
  const way = dice.weighted<Way>({ well: 90, reset: 3, refusesBilled: 3, garbage: 2, hang: 2 });
  const wait = () => dice.between(0.1, 60);
  const answer = (status: number, text: string): Item[] => [
    { afterMs: wait(), kind: 'head', status, headers: { 'content-type': 'application/json' } },
    { afterMs: wait(), kind: 'data', bytes: Buffer.from(text) },
    { afterMs: wait(), kind: 'end' },
  ];
  const last: Item = { afterMs: wait(), kind: way === 'hang' ? 'silence' : 'reset' };
  const items =
    way === 'well'
      ? answer(200, JSON.stringify(json))
      : way === 'garbage'
        ? answer(200, '<')
        : way === 'refusesBilled'
          ? answer(500, '{}')
          : [last];
  return { way, connectMs: dice.between(0.2, 20), isUnsent: false, items, bill: 0, isTrue: true, isWithin: true };
}
