import { between, pick } from '../support/random.ts';
import type { Random } from './target.ts';

/** Pieces that have broken counters of bytes, characters or tokens. */
const PIECES = [
  ...['\ufdfa', '\ufdfb', '\u3300', '\ufb03', '½', '①', '\u212b', '\u0344', '\u0958', 'ｶﾞ', '한글', '각', '\u1e9b\u0323', '\u2126'],
  ...['e\u0301', '\u0301\u0323', 'a\u0300\u0301\u0302', '\u0e33', 'ก็็็็', 'Z\u0351\u036b\u0343', '\u0f71\u0f72', '\u200d', '\ufe0f', '\u20e3'],
  ...['👩‍👩‍👧‍👦', '🏳️‍🌈', '🇪🇺', '👍🏽', '🧾', '\u{1f9ff}', '\u{10ffff}', '\u{f0000}', '\ue000', '\uf8ff', '\u{e0041}', '\u{2ffff}'],
  ...['ᚠᛇᚻ', '𐎀𐎁', '𒀀𒁀', '𓀀', 'ꦀꦁ', 'ⴰⴱ', '᠀᠁', 'ⵣ', 'አማ', 'ދިވެ', 'ပြ', '\u{16f00}', '\u{1e900}', '\u{11700}', 'ㄅㄆ', '龘靐齉', '𠜎𠜱'],
  ...['İ', 'ı', 'ŉ', 'ΐ', 'ß', 'ẞ', 'ǰ', 'ﬃ', 'Ⱥ', 'ȿ', 'ᾷ', 'ς', 'K', 'Å', 'Ꭰ', 'aA', 'zZ', 'iPhone', 'HTTPServer'],
  ...[
    '\u0000',
    '\u0001',
    '\u001b[0m',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u00ad',
    '\u200b',
    '\u2028',
    '\u202e',
    '\u2060',
    '\u3000',
    '\ufeff',
    '\ufffd',
  ],
  ...['\ud800', '\udfff', '\udc00\ud800', ' ', '  ', '\n', '\r\n', '\t', ' \n \n', '▁', '▁▁', ' ▁', '"', '\\', '\\u0041', '\\\\'],
  ...[
    '<|endoftext|>',
    '<start_of_turn>',
    '<bos>',
    '<unk>',
    '<|eot_id|>',
    '<0x0A>',
    '[INST]',
    '<|im_start|>',
    '0',
    '007',
    '3.14159',
    '１２',
  ],
  ...[
    'const x = () => {};\n',
    '    return a?.b ?? c;\n',
    '# -*- coding: utf-8 -*-\n',
    'SELECT * FROM t;',
    '</script>',
    '{"a":[1,2,3]}',
    '[[[[]]]]',
  ],
  ...[
    'AAAABBBBCCCC====',
    'iVBORw0KGgo',
    'deadbeefcafebabe',
    'https://example.com/?q=%E2%9C%93&x=1',
    'the quick brown fox',
    'Donaudampfschiff',
  ],
];
/** Runs are where tokenizers take quadratic time, so they are kept short. */
const RUN_MAX = 96;

/** Text of up to about `parts` pieces: pieces, runs of one of them, characters from anywhere in Unicode, and JSON. */
export function hostileText(random: Random, parts: number): string {
  let text = '';
  for (let left = between(random, 0, parts); left > 0; left -= 1) text += part(random);
  return text;
}

function part(random: Random): string {
  const kind = random();
  if (kind < 0.6) return pick(random, PIECES);
  if (kind < 0.7)
    return pick(random, PIECES)
      .repeat(between(random, 1, RUN_MAX))
      .slice(0, RUN_MAX * 2);
  if (kind < 0.85) return Array.from({ length: between(random, 1, 6) }, () => String.fromCodePoint(between(random, 0, 0x10ffff))).join('');
  if (kind < 0.95) return Array.from({ length: between(random, 1, 6) }, () => String.fromCharCode(between(random, 0x80, 0x2fff))).join('');
  return base64(random);
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64(random: Random): string {
  return Array.from({ length: between(random, 4, RUN_MAX) }, () => BASE64[between(random, 0, 63)]).join('');
}

/** JSON of a text, with none, some or all characters written as `\uXXXX`. */
export function jsonOf(text: string, random: Random): string {
  const share = pick(random, [0, 0, 0.2, 1]);
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[^\\"]/g, (char) => (random() < share ? escaped(char) : char));
}
