import { isAscii } from 'node:buffer';
import { utf8BytesMax } from '@tallystick/core';

/** `utf8BytesMax`, at once for what most bodies are: plain ASCII without an escaped character has one form only. */
export function textBytes(body: Buffer): number {
  return isAscii(body) && !body.includes('\\u') ? body.length : utf8BytesMax(body);
}
