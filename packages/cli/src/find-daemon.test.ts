import { afterEach, beforeEach, expect, test } from 'vitest';
import { adminToken, findDaemon } from './find-daemon.ts';
import type { Env, Io } from './io.ts';
import { HERE, TOKEN, workFolder } from './testing/harness.ts';

let folder: ReturnType<typeof workFolder>;
const io = (env: Env = {}): Io => ({ env: { ...HERE, ...env }, cwd: folder.cwd }) as Io;

beforeEach(() => {
  folder = workFolder('http://127.0.0.1:7001');
});
afterEach(() => folder.remove());

test('--url before TALLY_URL before the mark in the data folder before the default', () => {
  expect(findDaemon(io({ TALLY_URL: 'http://b' }), 'https://a/base/')).toEqual({ url: 'https://a/base', known: 'named' });
  expect(findDaemon(io({ TALLY_URL: 'http://b:1' }), undefined)).toEqual({ url: 'http://b:1', known: 'named' });
  expect(findDaemon(io(), undefined)).toEqual({ url: 'http://127.0.0.1:7001', known: 'marked' });
  expect(findDaemon(io({ TALLY_DATA_DIR: 'elsewhere', TALLY_URL: '' }), undefined)).toEqual({
    url: 'http://127.0.0.1:8402',
    known: 'assumed',
  });
});

test('a mark that cannot be read counts as none', () => {
  for (const text of ['', '{', '{}', 'null', '{"url":1}', '{"url":"file:///x"}']) {
    folder.file('daemon.json', text);
    expect([text, findDaemon(io(), undefined).known]).toEqual([text, 'assumed']);
  }
});

test.each(['', 'x', 'ftp://x', 'http://me:secret@x', 'http://x/?a=1', 'http://x/#a'])(
  '--url %j is refused, without being quoted',
  (url) => {
    expect(() => findDaemon(io(), url)).toThrow(/^--url must be an http or https URL without credentials or query\.$/);
  },
);

test('the data folder and the token may stand in the configuration file', () => {
  folder.file('tallystick.json', JSON.stringify({ TALLY_DATA_DIR: '.', TALLY_ADMIN_TOKEN: 'from-the-file' }));
  const plain = { env: {}, cwd: folder.cwd } as unknown as Io;
  const place = findDaemon(plain, undefined);
  expect(place.known).toBe('marked');
  expect(adminToken(plain, place)).toBe('from-the-file');
  folder.file('tallystick.json', '{');
  expect(() => findDaemon(plain, undefined)).toThrow('configuration file');
});

test('the token comes from the environment, else from the file', () => {
  const place = { url: 'http://127.0.0.1:1', known: 'assumed' } as const;
  expect(adminToken(io(), place)).toBe(TOKEN);
  expect(adminToken(io({ TALLY_ADMIN_TOKEN: 'mine' }), place)).toBe('mine');
  expect(() => adminToken(io({ TALLY_DATA_DIR: 'elsewhere' }), place)).toThrow('No operator token');
  folder.file('admin-token', 'two\nlines');
  expect(() => adminToken(io(), place)).toThrow('No operator token');
});

test('the file’s token stays on this host, or goes where the daemon itself pointed', () => {
  for (const url of ['http://localhost:1', 'http://[::1]:1', 'http://127.9.9.9:1'])
    expect(adminToken(io(), { url, known: 'named' })).toBe(TOKEN);
  expect(adminToken(io(), { url: 'https://gateway.example', known: 'marked' })).toBe(TOKEN);
  for (const url of ['https://gateway.example', 'http://127.0.0.1.example', 'http://localhost.example']) {
    expect(() => adminToken(io(), { url, known: 'named' })).toThrow('not sent to another');
  }
});

test('no token crosses the network in clear text, unless told', () => {
  const place = { url: 'http://gateway.example', known: 'named' } as const;
  const env = { TALLY_ADMIN_TOKEN: 'mine' };
  expect(() => adminToken(io(env), place)).toThrow('clear text');
  expect(adminToken(io({ ...env, TALLY_INSECURE_HTTP: '1' }), place)).toBe('mine');
  expect(adminToken(io(env), { ...place, url: 'https://gateway.example' })).toBe('mine');
});
