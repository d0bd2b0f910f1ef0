import type { GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, expectSoundBooks, noOpenHolds, showSource, verifiedReceipt, verifyAll } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { GoogleCallers, readAll } from '../support/google-sdk.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

/** Its tokenizer is its own, and its window 200,000 tokens. */
const model = 'sandbox-closed';
const QUESTION = 'What did the tally stick show?';

type Giver = { readonly secret: string; readonly source: string; readonly keyId: string; readonly key: string; readonly ai: GoogleGenAI };
const givers: Giver[] = [];
let sandbox: OwnSandbox;
let daemon: TestDaemon;
let callers: GoogleCallers;

beforeAll(async () => {
  sandbox = await ownSandbox();
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  callers = new GoogleCallers(daemon.url);
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

async function giver(cap: number, count_consent: boolean): Promise<Giver> {
  const secret = `AIzaGiver${givers.length}-0123456789abcdef`;
  const added = { name: 'giver', provider: 'sandbox', base_url: `${sandbox.url}/v1`, api_key: secret, cap, count_consent };
  const { id: source } = await addSource(daemon, added);
  const { id: keyId, virtual_key: key } = await addKey(daemon, { name: 'giver', sources: [source] });
  const made = { secret, source, keyId, key, ai: callers.client(key) };
  givers.push(made);
  return made;
}

/** Tokens spent: of the source, of the key, and as the sandbox counted them. */
async function spent({ source, keyId, secret }: Giver): Promise<readonly number[]> {
  await noOpenHolds(daemon);
  const { body } = await daemon.admin<{ keys: { id: string; spent: string }[] }>('/keys');
  const ofKey = body.keys.find(({ id }) => id === keyId)?.spent;
  return [Number((await showSource(daemon, source)).spent), Number(ofKey), (await sandbox.usage(secret)).total_tokens];
}

describe('a model whose tokenizer is not public', () => {
  it('is refused under a cap below its window, in words that say what would help', async () => {
    const one = await giver(20_000, false);
    const { code, status, message } = await callers.raised(one.key, () => one.ai.models.generateContent({ model, contents: QUESTION }));
    expect([status, code]).toEqual([402, 'CAP_EXCEEDED']);
    expect(message).toContain('count_consent');
    expect((await sandbox.usage(one.secret)).requests).toBe(0);
    expect(await spent(one)).toEqual([0, 0, 0]);
  });

  it('is served there under the provider’s own count, where the giver agreed', async () => {
    const one = await giver(20_000, true);
    const config = { maxOutputTokens: 100 };
    const answer = await one.ai.models.generateContent({ model, contents: QUESTION, config });
    const headers = answer.sdkHttpResponse?.headers ?? {};
    expect([headers['x-tally-proof'], headers['x-tally-attempts']]).toEqual(['count', '2']);
    const { promptTokenCount = 0, totalTokenCount = 0 } = answer.usageMetadata ?? {};
    expect(headers['x-tally-held']).toBe(String(promptTokenCount + 512 + 100));
    expect(await spent(one)).toEqual([totalTokenCount, totalTokenCount, totalTokenCount]);
    const { receipt, detail } = await verifiedReceipt(daemon, String(headers['x-tally-receipt']));
    expect([receipt.charged, receipt.attempt, detail['bound_grade']]).toEqual([BigInt(totalTokenCount), 2, 'evidence']);
  });

  it('is served so in streams and chats, with instructions and functions in what is counted', async () => {
    const one = await giver(20_000, true);
    const weather = { name: 'weather', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } } };
    const config = { systemInstruction: 'Be brief.', tools: [{ functionDeclarations: [weather] }], maxOutputTokens: 100 };
    const chat = one.ai.chats.create({ model, config });
    const called = await chat.sendMessage({ message: QUESTION });
    const [call] = called.functionCalls ?? [];
    expect(call?.name).toBe('weather');
    const functionResponse = { id: String(call?.id), name: 'weather', response: { sky: 'clear' } };
    const { text, last } = await readAll(await chat.sendMessageStream({ message: [{ functionResponse }] }));
    expect(text).toContain('sandbox');
    for (const { sdkHttpResponse, usageMetadata } of [called, last]) {
      const headers = sdkHttpResponse?.headers ?? {};
      expect(headers['x-tally-proof']).toBe('count');
      expect(headers['x-tally-held']).toBe(String((usageMetadata?.promptTokenCount ?? 0) + 512 + 100));
    }
    const [ofSource, ...others] = await spent(one);
    expect(others).toEqual([ofSource, ofSource]);
  });

  it('goes on until the last tenth of the cap, and never beyond it', async () => {
    const cap = 4_000;
    const one = await giver(cap, true);
    const ask = () => one.ai.models.generateContent({ model, contents: QUESTION, config: { maxOutputTokens: 400 } });
    let served = 0;
    const { code } = await callers.raised(one.key, async () => {
      for (; served < 100; served += 1) await ask();
    });
    expect(code).toBe('CAP_EXCEEDED');
    expect(served).toBeGreaterThan(3);
    const [ofSource = 0, ofKey, counted] = await spent(one);
    expect([ofKey, counted]).toEqual([ofSource, ofSource]);
    // What did not fit any more: a call's count, its margin and its output.
    expect(ofSource).toBeLessThanOrEqual(cap * 0.9);
    expect(ofSource).toBeGreaterThan(cap * 0.9 - 1_500);
  });

  it('is proven by its window under a large cap, without being counted', async () => {
    const one = await giver(1_000_000, true);
    const answer = await one.ai.models.generateContent({ model, contents: QUESTION });
    const headers = answer.sdkHttpResponse?.headers ?? {};
    expect([headers['x-tally-proof'], headers['x-tally-held'], headers['x-tally-attempts']]).toEqual(['window', '200000', undefined]);
    const total = answer.usageMetadata?.totalTokenCount;
    expect(await spent(one)).toEqual([total, total, total]);
  });

  it('is counted for the caller for nothing, whatever the cap', async () => {
    const one = await giver(20_000, false);
    const [plain, closed] = [
      await one.ai.models.countTokens({ model: 'sandbox-small', contents: QUESTION }),
      await one.ai.models.countTokens({ model, contents: QUESTION }),
    ];
    expect(closed.totalTokens).toBe(3 * (plain.totalTokens ?? 0));
    for (const { receipt } of callers.calls(one.key)) {
      expect((await verifiedReceipt(daemon, String(receipt))).receipt.charged).toBe(0n);
    }
    expect(await spent(one)).toEqual([0, 0, 0]);
  });
});

describe('after all of it', () => {
  it('every receipt verifies, and the books agree with themselves', async () => {
    for (const one of givers) {
      const charged = await verifyAll(daemon, callers.calls(one.key));
      expect([Number(charged)]).toEqual((await spent(one)).slice(2));
    }
    await expectSoundBooks(daemon);
  });
});
