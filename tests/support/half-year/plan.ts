import { between, pick, seeded } from '../random.ts';

export const DAY_MS = 86_400_000;
export const LOCKOUT_DAYS = 90;
export const PROVIDERS = ['anthropic', 'openai', 'google'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export type PlannedGift = {
  readonly number: number;
  /** Since the launch, ms. */
  readonly at: number;
  readonly provider: ProviderName;
  readonly apiKey: string;
  readonly tokens: number;
  readonly donor: number;
  /** `expires_at` is told from the launch on, ms. */
  readonly expires: number | null;
  readonly minutes: number | null;
  readonly isHeldWhole: boolean;
};

export type Deed = 'pause' | 'resume' | 'lower' | 'destroy';
export type PlannedDeed = { readonly at: number; readonly deed: Deed; readonly gift: number };

export type PlannedTask = {
  readonly number: number;
  readonly week: number;
  readonly provider: ProviderName;
  readonly title: string;
  readonly isAllotted: boolean;
  /** Its budget, tokens; and what it comes to if nothing goes wrong. */
  readonly tokens: number;
  readonly whole: number;
  readonly turnOutputMin: number;
};

export type Plan = {
  readonly seed: number;
  readonly gifts: readonly PlannedGift[];
  readonly deeds: readonly PlannedDeed[];
  readonly tasks: readonly PlannedTask[];
  readonly donors: number;
  readonly weeks: number;
  readonly faultiness: number;
  /** The key whose provider bills beyond what it is sent. */
  readonly liar: string;
};

/** Keys by month and provider; the tokens of each such group in units of `unit`. The sums are the source document's. */
const TOKENS = [
  [15, 6, 4],
  [30, 14, 6],
  [45, 20, 10],
] as const;

export type Form = {
  readonly keys: readonly (readonly [number, number, number])[];
  readonly unit: number;
  readonly tasks: number;
  readonly donors: number;
  /** Of a thousand calls, so many times twenty of the providers' fail. */
  readonly faultiness: number;
  /** How many gifts meet each of what donors do, or are given under each of the rarer terms. */
  readonly each: number;
};

/** 50, 120 and 200 keys with 25, 75 and 150 million tokens at the ends of the months; 432 tasks in the three that follow. */
export const WHOLE: Form = {
  keys: [
    [30, 12, 8],
    [42, 18, 10],
    [48, 20, 12],
  ],
  unit: 1_000_000,
  tasks: 432,
  donors: 60,
  faultiness: 2,
  each: 5,
};

/** A tenth of it: keys and tasks of the same sizes. */
export const TENTH: Form = {
  keys: [
    [3, 1, 1],
    [4, 2, 1],
    [5, 2, 1],
  ],
  unit: 100_000,
  tasks: 43,
  donors: 8,
  faultiness: 4,
  each: 1,
};

const PER_WEEK_MS = 7 * DAY_MS;
const WEEKS = 13;
const SMALLEST = 20_000;
/** What a donor takes back may be this much of all that its provider's donors gave, so that enough is left for the tasks. */
const MISSED_MAX = 0.12;
/** And so much of it is asked for. */
const ASKED_MAX = 0.6;

export function planOf(form: Form, seed: number): Plan {
  const random = seeded(seed);
  const gifts = giftsOf(form, random);
  const openai = gifts.filter(({ provider, expires, minutes }) => provider === 'openai' && expires === null && minutes === null);
  const liar = pick(random, [...openai].sort((a, b) => a.tokens - b.tokens).slice(0, Math.ceil(openai.length / 2))).number;
  return {
    seed,
    gifts,
    deeds: deedsOf(form, gifts, liar, random),
    tasks: tasksOf(form, gifts, random),
    donors: form.donors,
    faultiness: form.faultiness,
    weeks: WEEKS,
    liar: (gifts[liar - 1] as PlannedGift).apiKey,
  };
}

function giftsOf({ keys, unit, donors, each }: Form, random: () => number): readonly PlannedGift[] {
  const drafts = keys.flatMap((counts, month) => {
    const sizes = PROVIDERS.flatMap((provider, at) => {
      const amounts = split((TOKENS[month]?.[at] ?? 0) * unit, counts[at] ?? 0, random);
      return amounts.map((tokens) => ({ provider, tokens, order: random() }));
    });
    const times = sizes.map(() => month * 30 * DAY_MS + between(random, 3_600_000, 30 * DAY_MS - 7_200_000)).sort((a, b) => a - b);
    return sizes.sort((a, b) => a.order - b.order).map((draft, at) => ({ ...draft, at: times[at] ?? 0 }));
  });
  let last = 0;
  return drafts.map(({ provider, tokens, at }, index) => {
    const number = index + 1;
    // One donor gives once a minute at most.
    last = Math.max(at, last + 61_000);
    const rare = Math.floor(index / each) % 10;
    const all = keys.reduce((sum, _, month) => sum + (TOKENS[month]?.[PROVIDERS.indexOf(provider)] ?? 0), 0) * unit;
    const expires = rare === 3 && tokens <= all * MISSED_MAX ? last + between(random, 20, 160) * DAY_MS : null;
    const terms = { expires, minutes: rare === 5 ? between(random, 1, 30) : null, isHeldWhole: rare === 7 };
    return { number, at: last, provider, apiKey: keyOf(provider, number, random), tokens, donor: between(random, 0, donors - 1), ...terms };
  });
}

/** Parts of very different sizes, in whole thousands. */
function split(total: number, count: number, random: () => number): readonly number[] {
  const weights = Array.from({ length: count }, () => 0.05 + random() ** 2);
  const sum = weights.reduce((a, b) => a + b, 0);
  const free = total - count * SMALLEST;
  const parts = weights.map((weight) => SMALLEST + Math.floor((free * weight) / sum / 1000) * 1000);
  const rest = total - parts.reduce((a, b) => a + b, 0);
  return parts.map((part, at) => (at === 0 ? part + rest : part));
}

const PREFIX: Readonly<Record<ProviderName, string>> = { anthropic: 'sk-ant-api03-', openai: 'sk-proj-', google: 'AIzaSy' };

export function keyOf(provider: ProviderName, number: number, random: () => number): string {
  const tail = Array.from({ length: 24 }, () => pick(random, [...'abcdefghjkmnpqrstuvwxyz23456789'])).join('');
  return `${PREFIX[provider]}${number}-${tail}`;
}

/** Some donors think again: before the tasks begin, and while they run. */
function deedsOf({ each }: Form, gifts: readonly PlannedGift[], liar: number, random: () => number): readonly PlannedDeed[] {
  const supply = supplyOf(gifts);
  const isSmall = ({ provider, tokens }: PlannedGift) => tokens <= supply[provider] * MISSED_MAX;
  const able = gifts.filter((gift) => gift.number !== liar && gift.expires === null && isSmall(gift));
  const plain = able
    .map((gift) => ({ gift, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ gift }) => gift);
  const deeds: PlannedDeed[] = [];
  for (let i = 0; i < each; i += 1) {
    const [paused, lowered, destroyed] = plain.splice(0, 3) as [PlannedGift, PlannedGift, PlannedGift];
    const later = ({ at }: PlannedGift, days: number) => Math.max(at + DAY_MS, between(random, 10, days) * DAY_MS);
    const pausedAt = later(paused, 120);
    deeds.push({ at: pausedAt, deed: 'pause', gift: paused.number });
    // The first of them comes back.
    if (i % 2 === 0) deeds.push({ at: pausedAt + 20 * DAY_MS, deed: 'resume', gift: paused.number });
    deeds.push({ at: later(lowered, 150), deed: 'lower', gift: lowered.number });
    deeds.push({ at: later(destroyed, 160), deed: 'destroy', gift: destroyed.number });
  }
  return deeds.sort((a, b) => a.at - b.at);
}

type Kind = { readonly titles: readonly string[]; readonly least: number; readonly most: number; readonly isAllotted: number };
/** By how often they are asked for. `isAllotted`: how many of them reserve their tokens beforehand. */
const KINDS: readonly (readonly [number, Kind])[] = [
  [
    0.5,
    {
      titles: ['Fix a memory leak', 'Fix a sync issue', 'Fix a race condition', 'Write release notes'],
      least: 0.03,
      most: 0.06,
      isAllotted: 0.4,
    },
  ],
  [
    0.36,
    {
      titles: ['Cardano atomic swaps', 'Mobile wallet UI', 'Implementation guide', 'Port the indexer'],
      least: 0.15,
      most: 0.5,
      isAllotted: 0.5,
    },
  ],
  [0.14, { titles: ['Comprehensive audit', 'Penetration test'], least: 0.8, most: 1.2, isAllotted: 0.25 }],
];

function supplyOf(gifts: readonly PlannedGift[]): Record<ProviderName, number> {
  const sum = (of: ProviderName) => gifts.reduce((all, { provider, tokens }) => all + (provider === of ? tokens : 0), 0);
  return { anthropic: sum('anthropic'), openai: sum('openai'), google: sum('google') };
}

function tasksOf({ tasks }: Form, gifts: readonly PlannedGift[], random: () => number): readonly PlannedTask[] {
  const supply = supplyOf(gifts);
  const asked = { anthropic: 0, openai: 0, google: 0 };
  const share = (provider: ProviderName, more: number) => (asked[provider] + more) / supply[provider];
  return Array.from({ length: tasks }, (_, index) => {
    const kind = kindAt(random());
    const wanted = Math.round((kind.least + random() * (kind.most - kind.least)) * 1000) * 1000;
    const chance = random();
    const wished = chance < 0.6 ? 'anthropic' : chance < 0.88 ? 'openai' : 'google';
    const [freest] = [...PROVIDERS].sort((a, b) => share(a, wanted) - share(b, wanted)) as [ProviderName, ...ProviderName[]];
    const provider = share(wished, wanted) > Math.min(ASKED_MAX, (ASKED_MAX * (index + 1)) / tasks + 0.1) ? freest : wished;
    // Where too little is left for it, something small is asked for.
    const tokens = share(provider, wanted) > ASKED_MAX ? between(random, 30, 60) * 1000 : wanted;
    asked[provider] += tokens * 0.7;
    return {
      number: index + 1,
      week: Math.floor((index * WEEKS) / tasks),
      provider,
      title: pick(random, kind.titles),
      isAllotted: random() < kind.isAllotted,
      tokens,
      whole: Math.floor(tokens * (0.5 + random() * 0.4)),
      turnOutputMin: pick(random, [512, 2_048, 8_192]),
    };
  });
}

function kindAt(chance: number): Kind {
  let sum = 0;
  for (const [share, kind] of KINDS) {
    sum += share;
    if (chance < sum) return kind;
  }
  return (KINDS.at(-1) as (typeof KINDS)[number])[1];
}

/** When a week of work begins, since the launch, ms. */
export function weekAt(week: number): number {
  return LOCKOUT_DAYS * DAY_MS + DAY_MS + week * PER_WEEK_MS;
}
