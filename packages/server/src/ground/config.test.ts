import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TallyError } from '@tallystick/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoopback, loadConfig } from './config.ts';
import { CONFIG_KEYS } from './config-keys.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function refusal(env: Record<string, string>): TallyError {
  try {
    loadConfig(env, cwd);
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('loadConfig', () => {
  it('takes the documented defaults', () => {
    const config = loadConfig({}, cwd);
    expect(config).toMatchObject({ HOST: '127.0.0.1', PORT: 8402, TALLY_SANDBOX: true, TALLY_SHRED_MODE: 'shreddable' });
    expect(config.TALLY_DATA_DIR).toBe(join(cwd, '.tallystick'));
    expect(config.TALLY_SLOT_DIR).toBe(join(cwd, '.tallystick', 'slots'));
    expect(config.TALLY_MASTER_KEY_FILE).toBe(join(cwd, '.tallystick', 'master.key'));
  });

  it('has an embedded chain in development alone, and none beside another', () => {
    const chain = (env: Record<string, string>) => loadConfig(env, cwd).TALLY_CHAIN;
    expect([chain({}), chain({ TALLY_MODE: 'production' }), chain({ TALLY_CHAIN: 'off' })]).toEqual(['embedded', 'off', 'off']);
    expect(chain({ CHAIN_RPC_URL: 'https://node.example/key' })).toBe('off');
    expect(refusal({ TALLY_CHAIN: 'embedded', TALLY_MODE: 'production' }).message).toContain('TALLY_CHAIN');
    expect(refusal({ TALLY_CHAIN: 'embedded', CHAIN_RPC_URL: 'https://node.example' }).message).toContain('TALLY_CHAIN');
  });

  it('takes several endpoints of a chain, and shows none of them in a refusal', () => {
    expect(loadConfig({}, cwd).CHAIN_RPC_URL).toEqual([]);
    expect(loadConfig({ CHAIN_RPC_URL: ' https://a.example/x, http://127.0.0.1:8545 ,' }, cwd).CHAIN_RPC_URL).toEqual([
      'https://a.example/x',
      'http://127.0.0.1:8545',
    ]);
    const refused = refusal({ CHAIN_RPC_URL: 'https://a.example/the-key,ws://b.example' });
    expect(refused).toMatchObject({ code: 'CONFIG_INVALID', facts: { setting: 'CHAIN_RPC_URL' } });
    expect(refused.message).not.toContain('the-key');
    expect([loadConfig({}, cwd).TALLY_CHAIN_PORT, loadConfig({ TALLY_CHAIN_PORT: '9545' }, cwd).TALLY_CHAIN_PORT]).toEqual([null, 9545]);
  });

  it.each(['http://b.example/the-key', 'http://the-key@10.0.0.7:8545', 'http://127.0.0.1.example/the-key', 'http://[::2]/the-key'])(
    'asks no endpoint of a chain in clear text beyond loopback: %s',
    (url) => {
      const refused = refusal({ CHAIN_RPC_URL: `https://a.example, ${url}` });
      expect(refused).toMatchObject({ code: 'CONFIG_INVALID', facts: { setting: 'CHAIN_RPC_URL' } });
      expect(refused.message).not.toContain('the-key');
      expect(loadConfig({ CHAIN_RPC_URL: url, TALLY_INSECURE_HTTP: '1' }, cwd).CHAIN_RPC_URL).toEqual([url]);
      for (const near of ['http://localhost:1/the-key', 'http://[::1]:1', 'https://b.example'])
        expect(loadConfig({ CHAIN_RPC_URL: near }, cwd).CHAIN_RPC_URL).toEqual([near]);
    },
  );

  it('reads the file, and lets the environment win', () => {
    writeFileSync(join(cwd, 'tallystick.json'), JSON.stringify({ PORT: 9000, TALLY_SANDBOX: false, TALLY_CALLS_MAX: '7' }));
    expect(loadConfig({ TALLY_CALLS_MAX: '9' }, cwd)).toMatchObject({ PORT: 9000, TALLY_SANDBOX: false, TALLY_CALLS_MAX: 9 });
  });

  it.each(Object.keys(CONFIG_KEYS).filter((name) => /_(MAX|MS|WORKERS)$|^PORT$|_CAP$/.test(name)))(
    'refuses rubbish for %s by name',
    (name) => {
      for (const value of ['', 'x', '-1', '1.5', '1e3', '99999999999999999999', ' 5']) {
        expect(refusal({ [name]: value })).toMatchObject({ code: 'CONFIG_INVALID', facts: { setting: name } });
      }
    },
  );

  it('refuses settings that do not exist, in environment and file', () => {
    expect(refusal({ TALLY_BODY_BYTE_MAX: '1' }).facts).toEqual({ setting: 'TALLY_BODY_BYTE_MAX' });
    expect(loadConfig({ TALLY_URL: 'x', TALLY_DONOR_TOKEN: 'x', TALLY_TEST_LONG: '1' }, cwd).PORT).toBe(8402);
    writeFileSync(join(cwd, 'tallystick.json'), '{"POTR": 1}');
    expect(refusal({}).facts).toEqual({ setting: 'POTR' });
  });

  it('refuses a file that is missing though named, broken, or no object', () => {
    expect(refusal({ TALLY_CONFIG: 'none.json' }).code).toBe('CONFIG_INVALID');
    for (const text of ['{', '[]', 'null', '{"PORT": [1]}']) {
      writeFileSync(join(cwd, 'tallystick.json'), text);
      expect(refusal({}).code).toBe('CONFIG_INVALID');
    }
  });

  it('refuses plain HTTP beyond loopback unless told', () => {
    expect(refusal({ HOST: '0.0.0.0' }).facts).toEqual({ setting: 'HOST' });
    expect(loadConfig({ HOST: '0.0.0.0', TALLY_INSECURE_HTTP: '1' }, cwd).HOST).toBe('0.0.0.0');
    expect(loadConfig({ HOST: '0.0.0.0', TALLY_TLS_CERT_FILE: 'c', TALLY_TLS_KEY_FILE: 'k' }, cwd).HOST).toBe('0.0.0.0');
    expect(refusal({ TALLY_TLS_CERT_FILE: 'c' }).code).toBe('CONFIG_INVALID');
  });
});

it('knows loopback addresses', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'example.com'].some(isLoopback)).toBe(false);
});
