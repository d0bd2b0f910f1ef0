import { type Hex, TallyError } from '@tallystick/core';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '#ground/clock';
import { type Donations, isWallet, type Providers, parse, readGift, type StoredDonation, signingView } from '#pool';
import { tokens } from '../admin-input.ts';
import type { Daemon } from '../daemon.ts';
import { jsonBody } from './answer.ts';
import { Askers, type Asking } from './credentials.ts';
import { person, wordOf } from './wallet-word.ts';

const BASE = '/api/ai-pool';

const actSchema = z.strictObject({ ...person, reason: z.string().min(1).max(200).optional() });
const anonymousSchema = z.strictObject({ ...person, anonymous: z.boolean() });
const lowerSchema = z.strictObject({
  limit: tokens,
  expires_at: z.int().min(1).max(8_640_000_000_000_000).optional(),
  seq: z.int().min(1).optional(),
  signature: z
    .custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{130}$/.test(value), 'must be 0x and 65 bytes of lower-case hex')
    .optional(),
});

export type DonationRoutesDeps = Pick<Daemon, 'domain' | 'adminToken' | 'signer'> & {
  readonly donations: Donations;
  readonly providers: Providers;
  readonly clock: Clock;
};

/** Giving a key, and all that its donor can do with it afterwards. */
export function donationRoutes(app: Hono, deps: DonationRoutesDeps): void {
  const { donations, providers, clock, domain, signer } = deps;
  const askers = new Askers(donations.auth, deps.adminToken);
  app.get(`${BASE}/signing`, (c) => c.json({ ...signingView(domain), signer: signer.address, providers: providers.names() }));
  app.post(`${BASE}/donate`, async (c) => {
    const gift = readGift(await jsonBody(c), providers, clock.wallMs());
    return given(c, donations, await donations.give(gift, askers.credentials(c, gift.word)));
  });
  app.get(`${BASE}/donations`, async (c) => {
    const { donor } = await askers.reader(c, 'list', '');
    return c.json({ donations: await donations.list(donor, c.req.query('after')) });
  });
  app.get(`${BASE}/donations/:id`, async (c) => {
    const id = c.req.param('id');
    const { donor } = await askers.reader(c, 'view', id);
    return c.json(await donations.viewWithReceipts(await donations.owned(id, donor), beforeOf(c.req.query('before'))));
  });
  actRoutes(app, donations, askers);
}

/** `{success: true, key_id, message}` as the pool's documents have it, and the receipt. */
async function given(c: Context, donations: Donations, stored: StoredDonation): Promise<Response> {
  const { id, value, state } = stored;
  if (value.end?.as === 'rejected') {
    throw new TallyError('VALIDATION_FAILED', `The key was not kept: ${value.end.reason}. It is destroyed here, and may be given again.`, {
      key_id: id,
      receipt: value.validation.receiptId,
    });
  }
  const simulated = value.simulated ? ' It is a key of the sandbox: everything that is done with it is simulated.' : '';
  const pending = state === 'pending_validation';
  const known = pending ? 'It is not known yet whether it works; that is tried again.' : 'It works.';
  const view = await donations.view(stored);
  const message = `API key secured with STRICT limit: ${value.tokens} tokens. ${known}${simulated}`;
  const body = { success: true, key_id: id, message, state, simulated: value.simulated, donation_receipt: view['donation_receipt'] };
  return c.json(body, pending ? 202 : 201);
}

/** @throws INPUT_INVALID */
function beforeOf(text: string | undefined): bigint | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text);
  throw new TallyError('INPUT_INVALID', 'before: must be the `next` of a page before this one.', { field: 'before' });
}

function actRoutes(app: Hono, donations: Donations, askers: Askers): void {
  const { life } = donations;
  const route = (
    act: string,
    schema: typeof actSchema,
    run: (id: string, asking: Asking, reason: string | undefined) => Promise<StoredDonation>,
  ) =>
    app.post(`${BASE}/donations/:id/${act}`, async (c) => {
      const id = c.req.param('id');
      const body = parse(schema, await jsonBody(c));
      const asking = await askers.actor(c, wordOf(body), [act, id], (donor) => donations.owned(id, donor));
      await donations.owned(id, asking.donor);
      return c.json(await donations.view(await run(id, asking, body.reason)));
    });
  route('pause', actSchema, (id, { by }) => life.pause(id, by));
  route('resume', actSchema, (id, { by }) => life.resume(id, by));
  route('destroy', actSchema, (id, { by }, reason) => life.revoke(id, by, reason ?? `by the ${by}`));
  app.post(`${BASE}/donations/:id/anonymous`, async (c) => {
    const id = c.req.param('id');
    const body = parse(anonymousSchema, await jsonBody(c));
    const { donor } = await askers.actor(c, wordOf(body), [`anonymous:${body.anonymous}`, id], (each) => donations.owned(id, each));
    await donations.owned(id, donor);
    return c.json(await donations.view(await life.setAnonymous(id, body.anonymous)));
  });
  app.post(`${BASE}/donations/:id/lower`, (c) => lower(c, donations, askers));
}

/** A wallet signs the change itself, with a number instead of a nonce, so that the vault can hold it against the seal for ever after. */
async function lower(c: Context, donations: Donations, askers: Askers): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const { limit, expires_at, seq, signature } = parse(lowerSchema, await jsonBody(c));
  const change = { limit, expiry: expires_at ?? 0, seq: seq ?? null, signature: signature ?? null };
  if (askers.isOperator(c))
    throw new TallyError('FORBIDDEN', 'How much of a donation may be used is its donor’s word; the operator may pause or destroy it.');
  const donor = change.signature === null ? (await askers.actor(c, null, ['lower', id], (each) => donations.owned(id, each))).donor : null;
  const { value } = await donations.owned(id, donor);
  if (change.signature !== null && !isWallet(value.donor)) throw new TallyError('SIGNATURE_INVALID', 'This donation is not a wallet’s.');
  return c.json(await donations.view(await donations.life.lower(id, change)));
}
