import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hex, verifyDonation } from '@tallystick/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiptOf } from '../support/calling.ts';
import { expectSoundBooks } from '../support/calls.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { AccountDonor, type Gift, type Given, get, post, type Refusal, sandboxKey, type View, WalletDonor } from '../support/donating.ts';
import { type Arrived, type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';

const KEYS = {
  openai: 'sk-proj-0123456789abcdefghij',
  anthropic: 'sk-ant-api03-0123456789abcdefghij',
  google: 'AIzaSyA0123456789abcdefghijklmnopqrs',
} as const;

let upstream: RecordingUpstream;
let daemon: TestDaemon;
let wallet: WalletDonor;

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  const dir = temporaryFolder();
  const file = join(dir, 'providers.json');
  const led = Object.fromEntries(Object.keys(KEYS).map((name) => [name, { base_url: upstream.url }]));
  const models = { 'm-1': { window: 4096, maxOutput: 512, tokenizer: 'byte_bpe', endpoints: ['chat'] } };
  writeFileSync(
    file,
    JSON.stringify({ ...led, own: { dialect: 'openai', base_url: upstream.url, models, key_pattern: '^own_[a-z]{8,}$' } }),
  );
  daemon = await startDaemon({ dir, env: { TALLY_POOL_PROVIDERS_FILE: file, TALLY_LOG_LEVEL: 'warn', TALLY_UPSTREAM_HEADERS_MS: '2000' } });
  wallet = await WalletDonor.of(daemon);
});

afterAll(async () => {
  await expectSoundBooks(daemon);
  await daemon.dispose();
  await upstream.close();
});

const donor = () => AccountDonor.make(() => daemon);
const keyOf = ({ headers }: Arrived) =>
  headers.find(([name]) => ['authorization', 'x-api-key', 'x-goog-api-key'].includes(name))?.[1].replace('Bearer ', '') ?? '';

function answers(status: number, body: unknown): void {
  upstream.answer = (_, res) => void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

describe('a key is given', () => {
  it('as the pool’s document has it, and answered so', async () => {
    const gift = {
      donor_address: 'XAI7f3a9c2e',
      provider: 'sandbox',
      api_key: sandboxKey(),
      donated_tokens: 500_000,
      donated_minutes: 120,
    };
    const { status, body } = await (await donor()).give(gift);
    expect(status).toBe(201);
    expect(body).toMatchObject({ success: true, key_id: expect.stringMatching(/^[0-9a-f-]{36}$/), state: 'active' });
    expect(body.message).toContain('API key secured with STRICT limit');
    expect(body.message).toContain('simulated');
    const { body: signer } = await get<{ signer: string }>(daemon, '/signing', {});
    expect(verifyDonation(body.donation_receipt, { signer: signer.signer })).toMatchObject({
      ok: true,
      bundle: { label: 'XAI7f3a9c2e', receipt: { id: body.key_id, tokens: 500_000n, minutes: 120, host: 'sandbox', simulated: true } },
    });
  });

  it.each<[provider: keyof typeof KEYS, answer: unknown, path: RegExp, spent: number]>([
    ['anthropic', { input_tokens: 3 }, /\/messages\/count_tokens$/, 0],
    ['google', { totalTokens: 3 }, /\/models\/gemini-[^/]+:countTokens$/, 0],
    [
      'openai',
      { id: 'x', object: 'chat.completion', model: 'm', choices: [], usage: { prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 } },
      /\/chat\/completions$/,
      9,
    ],
  ])('of %s, which is asked once and with this key alone, held and receipted', async (provider, answer, path, spent) => {
    const before = upstream.arrived.length;
    answers(200, answer);
    const gift: Gift = { provider, api_key: KEYS[provider], donated_tokens: 500_000, count_consent: true };
    const { status, body } = await post<Given>(daemon, '/donate', wallet.signed(gift, {}));
    expect([status, body]).toMatchObject([201, { state: 'active' }]);
    const [one, ...more] = upstream.arrived.slice(before);
    expect(more).toEqual([]);
    expect([one?.path, one && keyOf(one)]).toEqual([expect.stringMatching(path), KEYS[provider]]);
    const { body: view } = await get<View>(daemon, `/donations/${body.key_id}`, wallet.headers('view', body.key_id));
    expect(view).toMatchObject({ state: 'active', spent, held: 0, limit: 500_000, left: 500_000 - spent });
    const { receipt } = await receiptOf(daemon.url, view.validation.receipt);
    expect(receipt.charged).toBe(BigInt(spent));
    // The next gift of the same wallet would be too soon.
    wallet = await WalletDonor.of(daemon);
  });

  it('of a provider of the operator’s own, and the receipt names its server', async () => {
    answers(200, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } });
    const { body } = await (await donor()).give({ provider: 'own', api_key: 'own_abcdefgh', donated_tokens: 50_000 });
    expect(body).toMatchObject({ state: 'active', donation_receipt: { receipt: { host: new URL(upstream.url).host, simulated: false } } });
  });

  it('and refused by its provider: destroyed, told, and free to be given again', async () => {
    answers(401, { error: { message: 'no' } });
    const one = await donor();
    const gift = { provider: 'openai', api_key: `${KEYS.openai}-refused`, donated_tokens: 5_000 };
    const refused = await one.give(gift);
    expect([refused.status, refused.body]).toMatchObject([422, { success: false, error: 'VALIDATION_FAILED' }]);
    const id = String(refused.body.facts['key_id']);
    expect(await one.view(id)).toMatchObject({
      state: 'destroyed',
      end: { as: 'rejected' },
      destruction: { proof: { line: expect.stringContaining('secret.destroyed') } },
    });
    answers(200, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } });
    expect((await (await donor()).give(gift)).status).toBe(201);
  });

  it('and not known to work: it waits, is tried again, and then goes on by itself, over a restart', async () => {
    answers(500, {});
    const one = await donor();
    const { status, body } = await one.give({ provider: 'openai', api_key: `${KEYS.openai}-later`, donated_tokens: 50_000 });
    expect([status, body.state]).toEqual([202, 'pending_validation']);
    expect((await one.view(body.key_id)).validation).toMatchObject({ attempts: 1, unclear: 'UPSTREAM_ERROR' });
    answers(200, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } });
    const { dir } = daemon;
    await daemon.stop('SIGKILL');
    daemon = await startDaemon({ dir, env: { TALLY_POOL_PROVIDERS_FILE: join(dir, 'providers.json'), TALLY_LOG_LEVEL: 'warn' } });
    const view = await one.until(body.key_id, 'active', 20_000);
    expect(view.validation.attempts).toBe(2);
    // The whole hold of the first, whose outcome nobody knows, and the four of the second.
    expect(view.spent).toBeGreaterThan(4);
  });
});

describe('a gift is refused', () => {
  const refusal = async (body: unknown, status: number, error: string, token?: string): Promise<Refusal> => {
    const answer = await post<Refusal & { success: boolean; fix: string }>(daemon, '/donate', body, token);
    expect([answer.status, answer.body.error, answer.body.success], JSON.stringify(answer.body)).toEqual([status, error, false]);
    expect(answer.body.fix).toMatch(/\.$/);
    return answer.body;
  };
  const good = () => ({ provider: 'sandbox', api_key: sandboxKey(), donated_tokens: 1_000 });

  it('without a cap, with too large a one, or with one that no call fits under', async () => {
    const { token } = await donor();
    await refusal({ ...good(), donated_tokens: undefined }, 400, 'DONATED_TOKENS_REQUIRED', token);
    await refusal({ ...good(), donated_tokens: 100_000_001 }, 400, 'DONATION_TOO_LARGE', token);
    await refusal({ ...good(), donated_tokens: 9 }, 422, 'DONATION_UNUSABLE', token);
    const { message } = await refusal(
      { provider: 'anthropic', api_key: KEYS.anthropic, donated_tokens: 10_000 },
      422,
      'DONATION_UNUSABLE',
      token,
    );
    expect(message).toContain('count_consent');
    await refusal({ ...good(), api_key: 'with space in it' }, 400, 'KEY_FORMAT_INVALID', token);
    await refusal('{"api_key":"sk-broken', 400, 'BODY_INVALID', token);
  });

  it('from nobody, from somebody else, and from a revoked account', async () => {
    await refusal(good(), 401, 'SIGNATURE_INVALID');
    await refusal(good(), 403, 'FORBIDDEN', `dn_${'a'.repeat(43)}`);
    const one = await donor();
    await refusal({ ...good(), donor_address: wallet.address }, 401, 'SIGNATURE_INVALID', one.token);
    await daemon.admin(`/donors/${one.id}/revoke`, {});
    await refusal(good(), 403, 'FORBIDDEN', one.token);
  });

  it('with a signature of another domain, over other terms, too late, too early, or of a malleable form', async () => {
    const gift = good();
    const other = { ...wallet.domain, chainId: 1n };
    await refusal(wallet.signed(gift, {}, other), 401, 'SIGNATURE_INVALID');
    await refusal({ ...wallet.signed(gift), donated_tokens: 1_001 }, 401, 'SIGNATURE_INVALID');
    await refusal({ ...wallet.signed(gift), api_key: sandboxKey() }, 401, 'SIGNATURE_INVALID');
    await refusal(wallet.signed(gift, { deadline: Date.now() - 1 }), 401, 'SIGNATURE_INVALID');
    await refusal(wallet.signed(gift, { deadline: Date.now() + 700_000 }), 401, 'SIGNATURE_INVALID');
    const { auth, ...rest } = wallet.signed(gift);
    await refusal({ ...rest, auth: { ...auth, signature: malleable(auth['signature'] as Hex) } }, 401, 'SIGNATURE_INVALID');
    await refusal({ ...rest, auth: { ...auth, signature: `0x${'ff'.repeat(65)}` } }, 401, 'SIGNATURE_INVALID');
  });

  it('too soon after another of the same donor, and a key that is given already', async () => {
    const fresh = await WalletDonor.of(daemon);
    const gift = good();
    expect((await post(daemon, '/donate', fresh.signed(gift))).status).toBe(201);
    const soon = await post<Refusal>(daemon, '/donate', fresh.signed(good()));
    expect([soon.status, soon.body.error]).toEqual([429, 'DONATION_TOO_SOON']);
    expect(Number(soon.headers.get('retry-after'))).toBeGreaterThan(50);
    await refusal(gift, 409, 'DONATION_DUPLICATE', (await donor()).token);
  });
});

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function malleable(signature: Hex): Hex {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith('1b') ? '1c' : '1b';
  return `${signature.slice(0, 66)}${(ORDER - s).toString(16).padStart(64, '0')}${v}` as Hex;
}
