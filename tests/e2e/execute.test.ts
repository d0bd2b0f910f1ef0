import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { expectSoundBooks } from '../support/calls.ts';
import { type Answered, PoolStage } from '../support/pool.ts';
import { playScenario, SCENARIOS } from '../support/scenarios.ts';

/** Each test has keys of its own, so that the others' are not in its way. */
describe('tasks over donated keys', () => {
  let stage: PoolStage;
  beforeAll(async () => {
    stage = await PoolStage.open();
  });
  beforeEach(async () => {
    stage.upstream.asked.length = 0;
  });
  afterAll(async () => {
    await expectSoundBooks(stage.daemon);
    await stage.close();
  });

  const scripted = (...answers: readonly Answered[]) => {
    stage.upstream.script = (_, number) => answers[number - 1] ?? { status: 500 };
  };
  /** What each test leaves is taken out of the next one's way. */
  const used = async (...ids: readonly string[]) => {
    for (const id of ids) await stage.post(`/donations/${id}/destroy`, {});
  };

  it('A: one large key carries a task of 150,000 tokens', async () => {
    const { answer, ids } = await playScenario(stage, SCENARIOS.A);
    expect(answer).toMatchObject({ success: true, result: 'Atomic swaps.', tokens_used: 147_532, keys_used: 1, mode: 'pre_allocated' });
    expect(await stage.account(ids['A'] ?? '')).toMatchObject({ held: 0, spent: 147_532, left: 352_468, state: 'active' });
    const [asked] = stage.upstream.asked;
    // The provider itself is sent the limit: what is reserved, less the input.
    expect(asked?.limit).toBeLessThan(150_000);
    expect(asked?.limit).toBeGreaterThan(149_000);
    await used(...Object.values(ids));
  });

  it('B: several small keys, all reserved or none, each charged for its own calls', async () => {
    const { answer, ids } = await playScenario(stage, SCENARIOS.B);
    const { A: a = '', B: b = '', C: c = '' } = ids;
    expect(answer).toMatchObject({ success: true, result: 'First half, second half.', tokens_used: 237_458, keys_used: 2 });
    expect(answer.by_key).toEqual([
      { key_id: c, tokens: 150_000 },
      { key_id: a, tokens: 87_458 },
    ]);
    expect(await stage.account(a)).toMatchObject({ held: 0, left: 12_542 });
    expect(await stage.account(b)).toMatchObject({ held: 0, left: 80_000 });
    await eventually('the used-up key is destroyed', async () => (await stage.account(c)).state === 'destroyed');
    expect(Object.fromEntries(stage.upstream.billed)).toMatchObject({
      'sk-scenario-B-C': 150_000,
      'sk-scenario-B-A': 87_458,
      'sk-scenario-B-B': 0,
    });
    await used(a, b);
  });

  it('C: a long task changes keys at a turn’s end', async () => {
    const { answer, ids } = await playScenario(stage, SCENARIOS.C);
    const { A: a = '', C: c = '' } = ids;
    expect(answer).toMatchObject({ success: true, result: 'One. Two. Three.', tokens_used: 221_689, keys_used: 2, mode: 'auto_switching' });
    expect(answer.turns.map(({ key_id, tokens }) => [key_id, tokens])).toEqual([
      [a, 82_341],
      [c, 117_892],
      [c, 21_456],
    ]);
    expect(answer.switches).toMatchObject([{ from: a, to: c, turn: 2, reason: 'limit', tokens_left: 17_659 }]);
    expect([(await stage.account(a)).left, (await stage.account(c)).left]).toEqual([17_659, 10_652]);
    // The first turn stays within 90 % of the key less 5,000, and each goes on with all that was written.
    expect(stage.upstream.asked[0]?.limit).toBeLessThanOrEqual(85_000);
    expect(stage.upstream.asked[2]?.messages.find(({ role }) => role === 'assistant')?.content).toBe('One. Two. ');
    await used(a, c);
  });

  it('tells of a task as it goes, from wherever its reader begins, and goes on without one', async () => {
    const [a, c] = [await stage.give('sk-scenario-s-a', 30_000), await stage.give('sk-scenario-s-c', 90_000)];
    scripted({ text: 'Some words of the first turn. ', tokens: 20_000, stop: 'length' }, { text: 'And of the second.', tokens: 900 });
    const body = { task_description: 'Stream.', provider: 'played', max_total_tokens: 100_000, stream: true };
    const seen: { event: string; id: string | null; data: Record<string, unknown> }[] = [];
    for await (const event of stage.events('/execute', { method: 'POST', body: JSON.stringify(body) })) seen.push(event);
    expect(seen.map(({ event }) => event)).toEqual(['task', 'turn', 'text', 'turn', 'switch', 'turn', 'text', 'turn', 'done']);
    const text = (events: typeof seen) => events.map(({ event, data }) => (event === 'text' ? String(data['text']) : '')).join('');
    expect(text(seen)).toBe('Some words of the first turn. And of the second.');
    expect(seen.at(-1)?.data).toMatchObject({ success: true, tokens_used: 20_900, keys_used: 2 });
    const id = String(seen[0]?.data['task_id']);
    const middle = seen[3];
    const rest: typeof seen = [];
    const headers = { 'last-event-id': middle?.id ?? '' };
    for await (const event of stage.events(`/tasks/${id}/events`, { headers })) rest.push(event);
    expect(text(rest)).toBe('And of the second.');
    expect(rest.at(-1)?.event).toBe('done');
    await used(a, c);
  });

  it('a caller that leaves does not stop the task', async () => {
    const id = await stage.give('sk-leaving', 100_000);
    scripted({ text: 'A long answer that takes its time to come, piece by piece, to its very end.', tokens: 500, slowMs: 150 });
    const left = new AbortController();
    const body = { task_description: 'Leave.', provider: 'played', max_total_tokens: 50_000, stream: true };
    let taskId = '';
    await expect(async () => {
      for await (const { data } of stage.events('/execute', { method: 'POST', body: JSON.stringify(body), signal: left.signal })) {
        taskId ||= String(data['task_id']);
        left.abort();
      }
    }).rejects.toThrow();
    expect((await stage.until(taskId, 'done')).result).toContain('to its very end.');
    await used(id);
  });

  it('says what is there where it is not enough, and takes nothing', async () => {
    const id = await stage.give('sk-too-few', 40_000);
    const { status, json } = await stage.post('/execute', { task_description: 'Big.', provider: 'played', estimated_tokens: 90_000 });
    expect(status).toBe(503);
    expect(json).toMatchObject({ success: false, error: 'NO_AVAILABLE_KEYS', state: 'failed' });
    expect(String(json['message'])).toContain('40000');
    expect(await stage.account(id)).toMatchObject({ held: 0, spent: 0 });
    await used(id);
  });

  it('goes on with another key where one is refused', async () => {
    const [a, b] = [await stage.give('sk-bad-a', 50_000), await stage.give('sk-bad-b', 60_000)];
    stage.upstream.script = ({ key }) => (key === 'sk-bad-a' ? { status: 401 } : { text: 'Fine.', tokens: 77 });
    const answer = await stage.execute({ max_total_tokens: 30_000 });
    expect(answer).toMatchObject({ success: true, result: 'Fine.' });
    expect(answer.switches).toMatchObject([{ from: a, to: b, reason: 'UPSTREAM_AUTH' }]);
    await used(a, b);
  });

  it.each([
    ['anthropic', 'sk-ant-api03-0123456789abcdef', 'claude-haiku-5-5'],
    ['google', 'AIzaSy0123456789abcdef0123', 'gemini-2.5-flash-lite'],
  ])('goes on over two keys of %s, whose calls are counted', async (provider, key, model) => {
    const more = { provider, count_consent: true };
    const [a, b] = [await stage.give(`${key}-A`, 60_000, more), await stage.give(`${key}-B`, 120_000, more)];
    scripted({ text: 'It begins here, \n', tokens: 45_000, stop: 'length' }, { text: 'and ends.', tokens: 2_000 });
    const answer = await stage.execute({ task_description: 'Say it.', provider, max_total_tokens: 150_000, system: 'Be brief.' });
    expect(answer).toMatchObject({ success: true, result: 'It begins here, \nand ends.', model, tokens_used: 47_000, keys_used: 2 });
    expect(answer.by_key.map(({ key_id }) => key_id)).toEqual([a, b]);
    const [first, second] = stage.upstream.asked;
    expect(first?.messages).toMatchObject([{ role: 'user', content: 'Say it.' }]);
    expect(second?.messages.map(({ role }) => role)).toEqual(['user', provider === 'google' ? 'model' : 'assistant', 'user']);
    // Each provider gets back what it wants: no white space at the end, signatures where they came.
    if (provider === 'anthropic') expect(second?.messages[1]?.content).toBe('It begins here,');
    else expect(second?.body).toContain('"thoughtSignature":"c2lnbmF0dXJl"');
    // The last tenth of a key stays free of counted calls.
    expect(first?.limit).toBeLessThan(54_000);
    await used(a, b);
  });

  it('leaves the last tenth of a reserved budget to what is proven, as the books do', async () => {
    const id = await stage.give('sk-ant-api03-counted-and-reserved', 400_000, { provider: 'anthropic', count_consent: true });
    stage.upstream.script = ({ limit }) => ({ text: 'All of it.', tokens: limit, stop: 'stop' });
    const answer = await stage.execute({ provider: 'anthropic', estimated_tokens: 120_000 });
    expect(answer).toMatchObject({ success: true, result: 'All of it.', keys_used: 1 });
    expect(answer.tokens_used).toBeLessThanOrEqual(108_000);
    expect(answer.tokens_used).toBeGreaterThan(105_000);
    await used(id);
  });

  it('waits while all is stopped, and goes on by itself', async () => {
    const id = await stage.give('sk-stopped', 100_000);
    scripted({ text: 'After all.', tokens: 60 });
    await stage.daemon.admin('/stop', { reason: 'a test' });
    const answer = await stage.execute({ max_total_tokens: 30_000 });
    expect(answer).toMatchObject({ success: false, error: 'POOL_STOPPED', state: 'waiting' });
    expect(stage.upstream.asked).toHaveLength(0);
    await stage.daemon.admin('/start', {});
    expect((await stage.until(answer.task_id, 'done')).result).toBe('After all.');
    await used(id);
  });

  it('is cancelled, and resumed with what was written', async () => {
    const id = await stage.give('sk-cancel', 200_000);
    stage.upstream.script = (_, number) =>
      number === 1
        ? { text: 'Begun, and then cut off in the midst of it all. '.repeat(4), tokens: 400, slowMs: 200 }
        : { text: 'Ended.', tokens: 50 };
    const body = { task_description: 'Cancel.', provider: 'played', max_total_tokens: 190_000, stream: true };
    const events = stage.events('/execute', { method: 'POST', body: JSON.stringify(body) });
    let taskId = '';
    for await (const { event, data } of events) {
      taskId ||= String(data['task_id']);
      if (event === 'text') break;
    }
    const { json } = await stage.post(`/tasks/${taskId}/cancel`, {});
    expect(json).toMatchObject({ success: true, state: 'cancelled' });
    const cut = await stage.task(taskId);
    expect(cut.result.startsWith('Begun')).toBe(true);
    await eventually('the call has ended', async () => (await stage.account(id)).held === 0);
    await stage.post(`/tasks/${taskId}/resume`, {});
    const whole = await stage.until(taskId, 'done');
    expect(whole.result).toBe(`${cut.result}Ended.`);
    await used(id);
  });

  it.each([
    ['no budget', { task_description: 'x', provider: 'played' }, 'INPUT_INVALID'],
    ['two budgets', { task_description: 'x', provider: 'played', estimated_tokens: 5, max_total_tokens: 5 }, 'INPUT_INVALID'],
    ['no words', { task_description: ' ', provider: 'played', max_total_tokens: 5 }, 'INPUT_INVALID'],
    ['an unknown field', { task_description: 'x', provider: 'played', max_total_tokens: 5, n: 2 }, 'INPUT_INVALID'],
  ])('refuses %s', async (_, body, code) => {
    const { status, json } = await stage.post('/execute', body);
    expect([status, json['error'], json['success']]).toEqual([400, code, false]);
  });

  it('shows a task to nobody else', async () => {
    const { status } = await stage.post('/execute', { task_description: 'x', provider: 'played', max_total_tokens: 5 }, 'tk_nobody');
    expect(status).toBe(403);
    const donor = await stage.daemon.admin<{ token: string }>('/donors', { name: 'a proposer' });
    const proposed = await stage.post('/execute', { task_description: 'x', provider: 'played', max_total_tokens: 9_000 }, donor.body.token);
    expect([proposed.status, proposed.json['state']]).toEqual([202, 'proposed']);
    const other = await stage.daemon.admin<{ token: string }>('/donors', { name: 'another' });
    const seen = await fetch(`${stage.daemon.url}/api/ai-pool/tasks/${String(proposed.json['task_id'])}`, {
      headers: { authorization: `Bearer ${other.body.token}` },
    });
    expect(seen.status).toBe(404);
  });
});
