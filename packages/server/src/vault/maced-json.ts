import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type JsonObject, TallyError } from '@tallystick/core';
import { packFields } from './encoding.ts';

/** A small JSON file with a MAC: `{"body": …, "mac": "<hex>"}`, canonical, so that one content has one form. */
export function encodeMaced(key: Buffer, domain: string, body: JsonObject): string {
  return `${canonicalJson({ body, mac: macOf(key, domain, body) })}\n`;
}

/** @throws TAMPERED on any other bytes than `encodeMaced` gave under this key and domain. */
export function decodeMaced(key: Buffer, domain: string, bytes: Buffer): JsonObject {
  const { body } = parseMaced(bytes);
  // Hashed first, so that the comparison of unequal lengths is as blind as that of equal ones.
  const [given, expected] = [bytes, Buffer.from(encodeMaced(key, domain, body))].map((text) =>
    createHmac('sha256', key).update(text).digest(),
  );
  if (!timingSafeEqual(given as Buffer, expected as Buffer)) throw new TallyError('TAMPERED');
  return body;
}

/** The body before its MAC can be checked (the key to check it with may be named inside). @throws TAMPERED */
export function parseMaced(bytes: Buffer): { readonly body: JsonObject } {
  try {
    const { body } = JSON.parse(bytes.toString('utf8')) as { body: JsonObject };
    // Also refuses what canonical JSON does not take.
    if (typeof body === 'object' && body !== null && !Array.isArray(body) && canonicalJson(body) !== '') return { body };
  } catch {
    // Reported below, without the text that did not parse.
  }
  throw new TallyError('TAMPERED');
}

function macOf(key: Buffer, domain: string, body: JsonObject): string {
  return createHmac('sha256', key)
    .update(packFields(domain, [canonicalJson(body)]))
    .digest('hex');
}
