import fc from 'fast-check';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { utf8Length } from './utf8.ts';
import { NORMAL_FORM_FACTOR_MAX, utf8BytesMax } from './utf8-bytes-max.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
const PLAIN = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };

/** The definition, on a whole body, without any shortcut. */
function exactMax(json: string): number {
  const decoded = json.replace(
    /(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})/g,
    (_, before, hex) => before + String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const forms = [json, decoded, decoded.normalize('NFC'), decoded.normalize('NFKC')];
  return Math.max(...forms.map((form) => Buffer.byteLength(form)));
}

/** Text that tokenizers and normalisers dislike. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\ufdfa',
        'aA',
        'Zz',
        '👩‍👩‍👧‍👦',
        '🧾',
        'e\u0301',
        '\u0301\u0323',
        '\u212b',
        'ﬃ',
        '½',
        '한글',
        '\u0344',
        '\u0958',
        'ｶﾞ',
        '<|endoftext|>',
      ),
      fc.constantFrom('\\', '"', '\n', '\u0000', ' ', '\\u0041', '\ud800', '\udfff', '0123456789', ' \t\n'),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''));

/** JSON of a text, with none, some or all characters written as `\uXXXX`. */
const jsonOf = (text: string, seed: number) =>
  JSON.stringify(text).replace(/[^\\"]/g, (char, at) =>
    (seed >> (at % 16)) & 1 ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char,
  );

describe('utf8BytesMax', () => {
  it.each([
    ['', 0],
    ['{"a":"plain"}', 13],
    ['"\\n\\"\\\\"', 8],
    ['"\\u0041"', 8], // raw is longer than what it stands for
    ['"\\\\u0041"', 9],
    ['"é"', 4],
    ['"\ufdfa"', 35],
    ['"\\ufdfa"', 35],
    ['"\\uD83D\\uDE00"', 14],
    ['"\\ud800"', 8],
    ['"e\u0301"', 5],
  ])('%j takes at most %i bytes', (json, expected) => {
    expect(utf8BytesMax(bytesOf(json))).toBe(expected);
  });

  it('takes malformed UTF-8 and cut escapes without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(utf8BytesMax(bytes)).toBeGreaterThanOrEqual(bytes.length);
      }),
    );
  });

  it('is never less than the maximum over raw, NFC and NFKC of the whole', () => {
    fc.assert(
      fc.property(hostile, fc.nat(0xffff), (text, seed) => {
        const json = jsonOf(text, seed);
        expect(utf8BytesMax(bytesOf(json))).toBeGreaterThanOrEqual(exactMax(json));
      }),
      { numRuns: 500 },
    );
  });

  it('charges long runs of marks at the factor, so that hostile runs take no quadratic time', () => {
    const run = `e${'\u0301\u0323'.repeat(20)}`;
    const bytes = utf8BytesMax(bytesOf(`"${run}"`));
    expect(bytes).toBe(3 + 80 * NORMAL_FORM_FACTOR_MAX);
    expect(bytes).toBeGreaterThanOrEqual(exactMax(`"${run}"`));
  });

  it('bounds the tokens of o200k_base and cl100k_base', () => {
    fc.assert(
      fc.property(hostile, fc.nat(0xffff), (text, seed) => {
        const bound = utf8BytesMax(bytesOf(jsonOf(text, seed)));
        for (const form of [text, text.normalize('NFC'), text.normalize('NFKC')]) {
          const clean = form.toWellFormed();
          expect(encodeO200k(clean, PLAIN).length).toBeLessThanOrEqual(bound);
          expect(encodeCl100k(clean, PLAIN).length).toBeLessThanOrEqual(bound);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('what it assumes of Unicode', () => {
  const chars: string[] = [];
  for (let code = 0x80; code <= 0x10ffff; code += 1) {
    if (code < 0xd800 || code > 0xdfff) chars.push(String.fromCodePoint(code));
  }

  it('no character grows by more than the factor', () => {
    const growth = chars.map((char) => Math.max(utf8Length(char.normalize('NFKD')), utf8Length(char.normalize('NFC'))) / utf8Length(char));
    expect(growth.reduce((a, b) => Math.max(a, b))).toBe(NORMAL_FORM_FACTOR_MAX);
  });

  it('composing two characters never lengthens them', () => {
    const longer = chars.filter((char) => {
      const parts = Array.from(char.normalize('NFD'));
      if (parts.length < 2 || char.normalize('NFC') !== char) return false;
      const head = parts.slice(0, -1).join('').normalize('NFC');
      return utf8Length(char) > utf8Length(head) + utf8Length(parts.at(-1) as string);
    });
    expect(longer).toEqual([]);
  });

  it('no starter composes with an ASCII character before it, and only known letters become marks', () => {
    const letters = chars.filter((char) => !/\p{M}/u.test(char) && /^\p{M}/u.test(char.normalize('NFKD')));
    expect(letters).toEqual(['\u0e33', '\u0eb3', '\uff9e', '\uff9f']);
    const composing = chars.filter((char) => !/\p{M}/u.test(char) && `a${char}`.normalize('NFC') !== `a${char.normalize('NFC')}`);
    expect(composing).toEqual([]);
  });
});
