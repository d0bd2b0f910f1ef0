import { utf8BytesMax } from '@tallystick/core';
import { countText } from '../../packages/sandbox/src/tokens.ts';
import { textBytes } from '../../packages/server/src/gateway/text-bytes.ts';
import { seeded } from '../support/random.ts';
import { hostileText, jsonOf } from './hostile-text.ts';
import { must, seedOf } from './target.ts';
import type { Tokenizer } from './tokenizers.ts';

/** The forms of a text that a tokenizer may be shown, as far as the bound promises. */
export const formsOf = (text: string): readonly string[] =>
  [text, text.normalize('NFC'), text.normalize('NFKC')].map((form) => form.toWellFormed());

/** Tries so many hostile texts. @throws Fault naming the seed, where a tokenizer makes more of a text than the bytes that bound it. */
export function checkTexts(tokenizers: readonly Tokenizer[], seed: number, texts: number, parts: number): void {
  for (let i = 0; i < texts; i += 1) {
    const random = seeded(seedOf(seed, i));
    const text = hostileText(random, parts);
    checkText(tokenizers, text, jsonOf(text, random), `seed ${seed}, text ${i}`);
  }
}

const PIECE = 64;

/** Tries every `step` characters of Unicode a text of the next 64. */
export function checkUnicode(tokenizers: readonly Tokenizer[], step: number): void {
  for (let from = 0; from <= 0x10ffff; from += step) {
    const text = String.fromCodePoint(...Array.from({ length: PIECE }, (_, i) => Math.min(from + i, 0x10ffff))).toWellFormed();
    checkText(tokenizers, text, JSON.stringify(text), `from U+${from.toString(16)}`);
  }
}

/** @param json the text as a JSON string, however escaped. */
export function checkText(tokenizers: readonly Tokenizer[], text: string, json: string, where: string): void {
  const body = Buffer.from(json);
  const bound = utf8BytesMax(body);
  must(textBytes(body) >= bound, `${where}: the gateway counts ${textBytes(body)} bytes, fewer than ${bound}`);
  for (const form of formsOf(text)) {
    const bytes = Buffer.byteLength(form);
    must(bytes <= bound, `${where}: a form of ${bytes} bytes is beyond the bound of ${bound}`);
    for (const { name, count } of tokenizers) {
      const tokens = count(form);
      must(tokens <= bytes, `${where}: ${name} makes ${tokens} tokens of ${bytes} bytes: ${json}`);
    }
    must(countText(form) <= bytes, `${where}: the sandbox makes ${countText(form)} tokens of ${bytes} bytes`);
  }
}
