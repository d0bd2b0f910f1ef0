import type { Dialect } from '../dialects/dialect.ts';
import { TOKENS } from '../dialects/text.ts';
import type { Way } from './subjects.ts';

const SETTLED_MS_MAX = 20_000;
const POLL_MS = 50;

export type Books = { readonly ok: boolean; readonly lines: readonly string[] };

export type Admin = <T>(path: string, body?: unknown) => Promise<T>;

/** One dialect's source in Tallystick, and a way to call it. */
export type Account = { readonly dialect: Dialect; readonly id: string; readonly key: string; readonly way: Way };

type Source = { readonly limit: string; readonly held: string; readonly spent: string; readonly overrun: string; readonly state: string };
type Verified = { readonly ok: boolean; readonly findings: readonly { readonly detail: string }[] };
type Check = readonly [text: string, ok: boolean];

/**
 * Speed that is bought by not doing the work is none: what was spent must be what the upstream billed, and each call must have its receipt.
 * @param servedOf asks the upstream for the calls that it billed, by the provider's key.
 */
export async function checkBooks(
  admin: Admin,
  url: string,
  accounts: readonly Account[],
  servedOf: () => Promise<Readonly<Record<string, number>>>,
): Promise<Books> {
  const checks: Check[] = [];
  for (const account of accounts) checks.push(await receiptCheck(url, account));
  for (const account of accounts) {
    const source = await settled(admin, account.id);
    checks.push(...sourceChecks(account, source, (await servedOf())[account.key] ?? 0));
  }
  const verified = await admin<Verified>('/audit/verify');
  checks.push([`audit: ${verified.findings.map(({ detail }) => detail).join('; ')}`, verified.ok]);
  return { ok: checks.every(([, ok]) => ok), lines: checks.map(([text, ok]) => `${ok ? 'yes' : 'NO '}  ${text}`) };
}

export function sourceChecks({ dialect }: Pick<Account, 'dialect'>, source: Source, calls: number): readonly Check[] {
  const billed = BigInt(calls) * BigInt(TOKENS.total);
  const spent = BigInt(source.spent);
  return [
    [`${dialect.name}: spent ${spent} = billed ${billed} (${calls} calls)`, spent === billed && source.overrun === '0'],
    [
      `${dialect.name}: the source is ${source.state}, ${source.held} held, within its cap of ${source.limit}`,
      source.state === 'active' && source.held === '0' && spent <= BigInt(source.limit),
    ],
  ];
}

function settled(admin: Admin, id: string): Promise<Source> {
  return until(async () => {
    const source = await admin<Source>(`/sources/${id}`);
    return { done: source.held === '0', value: source };
  });
}

/** One call more, whose receipt is asked for until it is signed. */
async function receiptCheck(url: string, { dialect, way }: Account): Promise<Check> {
  const headers = { ...way.headers, 'content-type': 'application/json' };
  const answer = await fetch(way.url, { method: 'POST', headers, body: dialect.json.body });
  await answer.text();
  const id = answer.headers.get('x-tally-receipt') ?? 'missing';
  const { isSigned, charged } = await until(async () => {
    const response = await fetch(`${url}/api/receipts/${id}`);
    const body = (await response.json()) as { receipt?: { charged?: unknown } };
    const isSigned = response.status === 200;
    return { done: isSigned, value: { isSigned, charged: String(body.receipt?.charged) } };
  });
  const said = `${dialect.name}: the last call's receipt is ${isSigned ? 'signed' : 'NOT SIGNED'} for ${charged} tokens`;
  return [said, isSigned && charged === String(TOKENS.total)];
}

/** Asks again for a while; the last answer counts, done or not. */
async function until<T>(asked: () => Promise<{ done: boolean; value: T }>): Promise<T> {
  const deadline = performance.now() + SETTLED_MS_MAX;
  for (;;) {
    const { done, value } = await asked();
    if (done || performance.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
