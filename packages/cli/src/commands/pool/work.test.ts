import { afterEach, describe, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, NOW, type Setting, TOKEN, tally, workFolder } from '../../testing/harness.ts';

const ID = '01890000-0000-7000-8000-00000000002a';
const DONOR = 'dn_a-token-for-tests';
const TASK = {
  ...{ task_id: ID, state: 'done', mode: 'auto_switching', provider: 'groq', model: 'm', tokens: 10_000, proposed_by: 'operator' },
  ...{ created_at: NOW, ended_at: NOW },
};
const CAME_TO = {
  ...{ success: true, tokens_used: 60, keys_used: 2, finish: 'end', switches: [{}], receipts: ['ab', 'cd'] },
  by_key: [
    { key_id: 'k1', tokens: 40 },
    { key_id: 'k2', tokens: 20 },
  ],
};
const VIEW = { ...TASK, ...CAME_TO, result: 'One. Two.' };
const REFUSED = { success: false, error: 'GOVERNANCE_LOCKED', message: 'It opens later.', fix: 'Wait.', facts: { unlocks_at: NOW } };

const event = (name: string, data: unknown, id?: string) =>
  `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
const begun = event('task', { ...TASK, state: 'running' });
const one = event('text', { turn: 1, text: 'One. ' }, '1.1');
const two = event('text', { turn: 2, text: 'Two.' }, '2.1');
const done = event('done', { ...TASK, ...CAME_TO });

let daemon: FakeDaemon | undefined;
let folder: ReturnType<typeof workFolder> | undefined;
afterEach(async () => {
  await daemon?.close();
  folder?.remove();
});

async function on(routes: Parameters<typeof fakeDaemon>[0], args: readonly string[], setting: Partial<Setting> = {}) {
  daemon = await fakeDaemon(routes);
  folder = workFolder(daemon.url);
  return tally(['pool', ...args], { cwd: folder.cwd, env: HERE, ...setting });
}
const again = (args: readonly string[], setting: Partial<Setting> = {}) =>
  tally(['pool', ...args], { cwd: folder?.cwd ?? '', env: HERE, ...setting });

describe('run', () => {
  const EXECUTE = 'POST /api/ai-pool/execute';
  const EVENTS = `GET /api/ai-pool/tasks/${ID}/events`;
  const args = ['run', 'Write.', '--provider', 'groq', '--budget', '10_000'];

  test('--stream prints the text as it comes, then what it came to by key', async () => {
    const ran = await on({ [EXECUTE]: begun + one + two + done }, [...args, '--stream', '--time-limit', '2h', '--model', 'm']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/^One\. Two\.\n\ntask\t/);
    expect(ran.out).toContain('used\t60 tokens of 2 keys, 1 switches, 2 receipts\n');
    expect(ran.out).toMatch(/\n\nkey_id\ttokens\nk1\t40\nk2\t20\n$/);
    expect(daemon?.seen).toMatchObject([
      {
        authorization: `Bearer ${TOKEN}`,
        body: { task_description: 'Write.', provider: 'groq', max_total_tokens: 10_000, model: 'm', time_limit_s: 7_200, stream: true },
      },
    ]);
  });

  test('what a model writes moves no cursor of a terminal, and reaches a pipe as it is', async () => {
    const rude = event('text', { turn: 1, text: 'a\u{1b}[2Jb\n\tc' }, '1.1');
    const ran = await on({ [EXECUTE]: begun + rude + done }, [...args, '--stream']);
    expect(ran.out).toContain('a\u{1b}[2Jb\n\tc\n\n');
    const shown = await again([...args, '--stream'], { terminal: true, env: { ...HERE, NO_COLOR: '1' } });
    expect(shown.out).toContain('a\u{fffd}[2Jb\n\tc\n\n');
    expect(shown.out).not.toContain('\u{1b}');
  });

  test('without --stream the result is printed at the end; with --json the whole task', async () => {
    const routes = { [EXECUTE]: begun + one + two + done, [`GET /api/ai-pool/tasks/${ID}`]: [200, VIEW] as const };
    const ran = await on(routes, args);
    expect(ran.out).toMatch(/^One\. Two\.\n\ntask\t/);
    const json = await again([...args, '--json']);
    expect(JSON.parse(json.out)).toEqual(VIEW);
    expect((await again([...args, '--json', '--stream'])).code).toBe(2);
  });

  test('a connection that breaks off is taken up where it was, and nothing is told twice', async () => {
    const away = [503, { success: false, error: 'SHUTTING_DOWN', message: 'It stops.', fix: '' }] as const;
    const ran = await on({ [EXECUTE]: begun + one, [EVENTS]: [away, two, done] }, [...args, '--stream']);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^One\. Two\.\n\ntask\t/);
    expect(daemon?.seen.slice(1).map(({ headers }) => headers['last-event-id'])).toEqual(['1.1', '1.1', '2.1']);
  });

  test('a daemon that stays away is an error that names the task', async () => {
    const ran = await on(
      { [EXECUTE]: begun + one, [EVENTS]: [503, { success: false, error: 'SHUTTING_DOWN', message: 'x', fix: '' }] },
      args,
    );
    expect([ran.code, ran.err]).toEqual([3, expect.stringContaining(`tally pool task show ${ID}`)]);
    await daemon?.close();
    folder?.remove();
    const early = await on({ [EXECUTE]: event('turn', {}) }, args);
    expect([early.code, early.err]).toEqual([3, expect.stringContaining('tally pool task list')]);
  });

  test('a task that cannot begin now, or has failed, is an error with its reason; what passes in moments is not', async () => {
    const busy = event('waiting', { ...TASK, error: 'UPSTREAM_BUSY', message: 'Busy.', fix: '' });
    const ran = await on({ [EXECUTE]: begun + busy + event('waiting', { ...TASK, ...REFUSED }) }, [...args, '--json']);
    expect([ran.code, ran.out]).toEqual([4, '']);
    expect(JSON.parse(ran.err)).toEqual({
      error: {
        ...{ code: 'GOVERNANCE_LOCKED', message: 'It opens later.', fix: `Wait. The task is kept: tally pool task show ${ID}.` },
        facts: { unlocks_at: NOW, task_id: ID },
      },
    });
    await daemon?.close();
    folder?.remove();
    const failed = await on({ [EXECUTE]: begun + event('error', { ...TASK, error: 'INTERNAL', message: 'Broke.', fix: '' }) }, args);
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('error INTERNAL: Broke. The task is kept')]);
  });

  test('a donor’s is proposed', async () => {
    const proposed = [202, { success: true, ...TASK, state: 'proposed' }] as const;
    const ran = await on({ [EXECUTE]: proposed, 'POST /api/ai-pool/tasks': proposed }, args, {
      env: { ...HERE, TALLY_DONOR_TOKEN: DONOR },
    });
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(`task\t${ID}\nstate\tproposed\n`) });
    const piped = ['propose', '-', '--provider', 'groq', '--tokens', '9', '--mode', 'auto_switching'];
    expect((await again(piped, { stdin: 'Write\nmuch.\n' })).code).toBe(0);
    expect(daemon?.seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${DONOR}`, `Bearer ${TOKEN}`]);
    expect(daemon?.seen[1]?.body).toEqual({
      ...{ task_description: 'Write\nmuch.', provider: 'groq', estimated_tokens: 9, mode: 'auto_switching' },
    });
  });

  test.each([
    [['run', 'x', '--provider', 'groq']],
    [['run', 'x', '--provider', 'groq', '--tokens', '1', '--budget', '1']],
    [['run', 'x', '--provider', 'groq', '--tokens', '1', '--mode', 'other']],
    [['vote', ID, 'maybe']],
    [['vote', ID, 'yes']],
    [['stop', '--provider', 'groq', '--key', ID]],
    [['task', 'list', '--limit', 'all']],
  ])('%j is a mistake of usage', async (command) => {
    expect(await on({}, command)).toMatchObject({ code: 2, out: '' });
    expect(daemon?.seen).toEqual([]);
  });
});

describe('tasks and votes', () => {
  test.each([
    [['task', 'approve', ID], `POST /api/ai-pool/tasks/${ID}/approve`, {}],
    [['task', 'reject', ID, '--reason', 'no'], `POST /api/ai-pool/tasks/${ID}/reject`, { reason: 'no' }],
    [['task', 'cancel', ID], `POST /api/ai-pool/tasks/${ID}/cancel`, {}],
    [['task', 'resume', ID, '--time-limit', '30m'], `POST /api/ai-pool/tasks/${ID}/resume`, { time_limit_s: 1_800 }],
  ])('%j is the operator’s', async (args, route, body) => {
    expect((await on({ [route]: [200, TASK] }, args, { env: { ...HERE, TALLY_DONOR_TOKEN: DONOR } })).code).toBe(0);
    expect(daemon?.seen).toMatchObject([{ authorization: `Bearer ${TOKEN}`, body }]);
  });

  test('list and show', async () => {
    const listed = `GET /api/ai-pool/tasks?state=done&after=${ID}&limit=5`;
    const routes = { [listed]: [200, { tasks: [TASK] }] as const, [`GET /api/ai-pool/tasks/${ID}`]: [200, VIEW] as const };
    const ran = await on(routes, ['task', 'list', '--state', 'done', '--after', ID, '--limit', '5']);
    expect(ran.out.split('\n')[1]).toBe(`${ID}\tdone\tgroq\t10000\toperator\t2026-01-01T00:00:00.000Z`);
    expect((await again(['task', 'show', ID])).out).toMatch(/finish\tthe model was done\n.*k2\t20\n\nOne\. Two\.\n$/s);
  });

  test('donors see what is proposed, and vote', async () => {
    const proposal = { ...TASK, state: 'proposed', task_description: 'Write.\nMuch.', ends_at: NOW, votes: 1 };
    const voted = { success: true, task_id: ID, choice: 'yes', ends_at: NOW };
    const routes = {
      'GET /api/ai-pool/proposals': [200, { proposals: [proposal] }] as const,
      [`POST /api/ai-pool/tasks/${ID}/vote`]: [200, voted] as const,
    };
    const env = { ...HERE, TALLY_DONOR_TOKEN: DONOR };
    const ran = await on(routes, ['proposals'], { env });
    expect(ran.out.split('\n')[1]).toBe(`${ID}\tgroq\t10000\toperator\t2026-01-01T00:00:00.000Z\tWrite. Much.`);
    expect((await again(['vote', ID, 'yes'], { env })).out).toBe(`task\t${ID}\nvote\tyes\nends\t2026-01-01T00:00:00.000Z\n`);
    expect(daemon?.seen[1]).toMatchObject({ authorization: `Bearer ${DONOR}`, body: { choice: 'yes' } });
  });
});

describe('stop and start', () => {
  test.each([
    [['stop', '--reason', 'odd'], 'POST /api/ai-pool/stop', { scope: 'pool', reason: 'odd' }],
    [['stop', '--provider', 'groq'], 'POST /api/ai-pool/stop', { scope: 'provider:groq' }],
    [['start', '--key', ID], 'POST /api/ai-pool/start', { scope: `key:${ID}` }],
  ])('%j', async (args, route, body) => {
    const ran = await on({ [route]: [200, { success: true, scope: body.scope, stopped: true, reason: null }] }, args);
    expect(ran.out).toBe(`scope\t${body.scope}\nstate\tstopped\nreason\t-\n`);
    expect(daemon?.seen).toMatchObject([{ authorization: `Bearer ${TOKEN}`, body }]);
  });

  test('a guardian stops with a token of its own', async () => {
    daemon = await fakeDaemon({ 'POST /api/ai-pool/stop': [200, { success: true, scope: 'pool', stopped: true, reason: 'odd' }] });
    folder = workFolder(daemon.url);
    folder.file('guardian', 'gd_a-token\n');
    expect((await again(['stop', '--guardian-token-file', 'guardian'])).code).toBe(0);
    expect(daemon.seen).toMatchObject([{ authorization: 'Bearer gd_a-token' }]);
  });
});

test('donors and guardians are made, listed and revoked; their token is printed once', async () => {
  const person = { id: 'p1', name: 'ann', hint: 'dn_abcd…', state: 'active', created_at: NOW };
  daemon = await fakeDaemon({
    'POST /api/admin/donors': [201, { ...person, donor: 'account:p1', token: DONOR }],
    'GET /api/admin/guardians': [200, { guardians: [person] }],
    'POST /api/admin/guardians/p1/revoke': [200, { ...person, state: 'revoked' }],
  });
  folder = workFolder(daemon.url);
  const setting = { cwd: folder.cwd, env: HERE };
  expect((await tally(['donor', 'add', 'ann'], setting)).out).toContain(`donor\taccount:p1\nname\tann\n`);
  expect(daemon.seen[0]?.body).toEqual({ name: 'ann' });
  expect((await tally(['donor', 'add', 'ann'], setting)).out).toContain(`\ntoken\t${DONOR}\n`);
  expect((await tally(['guardian', 'list'], setting)).out.split('\n')[1]).toBe('p1\tann\tdn_abcd…\tactive\t2026-01-01T00:00:00.000Z');
  expect((await tally(['guardian', 'revoke', 'p1'], setting)).out).toContain('state\trevoked\n');
});
