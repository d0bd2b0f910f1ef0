import { type AskerOptions, askerOf } from '../asker.ts';
import type { Context } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { count } from '../parse.ts';
import { printAudit } from './audit-file.ts';

const BASE = '/api/ai-pool/audit';

type Since = { readonly since?: string };
type ShowOptions = AskerOptions & Since & { readonly from?: string };

/** What the log says about a donation or a task, verified before it is shown; --json is the bundle, to keep. */
export async function showAudit(context: Context, subject: string, { since, from, ...options }: ShowOptions): Promise<Exit> {
  const as = await askerOf(context, options).reading('audit', subject);
  const asked = { subject, ...numbers({ from, since }) };
  return print(context, await context.client.get<unknown>(`${BASE}?${new URLSearchParams(asked)}`, { as }));
}

/** The signed root of the log: for everyone. */
export async function showCheckpoint(context: Context, { since }: Since): Promise<Exit> {
  const query = since === undefined ? '' : `?${new URLSearchParams(numbers({ since }))}`;
  return print(context, await context.client.get<unknown>(`${BASE}/checkpoint${query}`, { open: true }));
}

function print(context: Context, bundle: unknown): Exit {
  return printAudit(context, JSON.stringify(bundle), {}, bundle);
}

function numbers(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, text]) => (text === undefined ? [] : [[name, String(count(text, `--${name}`))]])),
  );
}
