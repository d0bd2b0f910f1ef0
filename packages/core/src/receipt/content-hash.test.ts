import { expect, test } from 'vitest';
import { utf8 } from '../crypto/bytes.ts';
import { contentSalt, pseudonym, requestHash, responseHash, responseTrailer, saltKeyOf } from './content-hash.ts';
import { verifyContent } from './content-verify.ts';
import { fill } from './sample.ts';

const SALT_KEY = saltKeyOf('tally-sk-sample');
const CALL = fill(1);
const BODY = utf8('{"model":"m"}');

test('hashes differ by key, call, purpose, bytes and completeness', () => {
  const hashes = [
    requestHash(SALT_KEY, CALL, BODY),
    requestHash(saltKeyOf('tally-sk-other'), CALL, BODY),
    requestHash(SALT_KEY, fill(2), BODY),
    requestHash(SALT_KEY, CALL, utf8('{"model":"n"}')),
    responseHash(SALT_KEY, CALL, BODY, true),
    responseHash(SALT_KEY, CALL, BODY, false),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('the caller finds its own bytes in the receipt, and learns whether the answer was whole', () => {
  const receipt = { callId: CALL, requestHash: requestHash(SALT_KEY, CALL, BODY), responseHash: responseHash(SALT_KEY, CALL, BODY, false) };
  const [request, response] = verifyContent(receipt, SALT_KEY, BODY, BODY);
  expect(request).toMatchObject({ name: 'request', ok: true });
  expect(response).toMatchObject({ name: 'response', ok: true });
  expect(response?.detail).toContain('cut before the end');
  expect(verifyContent(receipt, SALT_KEY, utf8('x'), utf8('x')).map(({ ok }) => ok)).toEqual([false, false]);
  expect(verifyContent(receipt, SALT_KEY)).toEqual([]);
  expect(verifyContent(receipt, new Uint8Array(5), BODY)[0]?.ok).toBe(false);
});

test('pseudonyms do not run purpose and id together', () => {
  const key = new Uint8Array(32).fill(3);
  expect(pseudonym(key, 'ab', 'c')).not.toBe(pseudonym(key, 'a', 'bc'));
  expect(pseudonym(key, 'source', 'x')).not.toBe(pseudonym(key, 'tenant', 'x'));
  expect(() => pseudonym(new Uint8Array(31), 'a', 'b')).toThrow(/32 bytes/);
  expect(() => pseudonym(key, 'a', '\ud800')).toThrow(/well-formed/);
});

test('salts and trailers refuse what they cannot hold', () => {
  expect(() => contentSalt(new Uint8Array(31), CALL, 'request')).toThrow(/32 bytes/);
  expect(() => responseTrailer(-1, true)).toThrow(/length/);
  expect(responseTrailer(258, true)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2, 1));
});
