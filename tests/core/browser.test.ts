/** core has no Node in it: bundled for a browser, it runs where there is nothing but the language and `TextEncoder`/`TextDecoder`. */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

const CORE = new URL('../../packages/core/', import.meta.url);
const vector = (name: string) => readFileSync(new URL(`vectors/${name}.json`, CORE), 'utf8');

it('runs in a browser: bundles without Node, and verifies a golden receipt there', async () => {
  const bundle = await rolldown({ input: new URL('src/index.ts', CORE).pathname, platform: 'browser', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'iife', name: 'core' });
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
  const context = createContext({ TextEncoder, TextDecoder });
  const run = (code: string) => runInContext(code, context) as unknown;
  run(output[0].code);
  expect(run('typeof process + typeof require + typeof Buffer')).toBe('undefinedundefinedundefined');
  const text = JSON.stringify(vector('bundle'));
  expect(run(`core.verifyBundle(${text}).checks.filter((check) => !check.ok).length`)).toBe(0);
  expect(run(`core.verifyBundle(${text}).ok`)).toBe(true);
  expect(run(`core.verifyBundle(${text}.replace(/"charged": "/, '"charged": "1')).ok`)).toBe(false);
});
