import { type Check, check } from './check.ts';
import { requestHash, responseHash } from './content-hash.ts';
import type { Receipt } from './types.ts';

/**
 * Compares what the caller kept with what a (verified) receipt commits to. Only who has the virtual key can do this.
 * @param saltKey 32 bytes, from `saltKeyOf(virtual key)`.
 * @param request the body as it was sent, byte by byte. @param response the body as it arrived, frames and all.
 * @returns a check for each of the two that is given.
 */
export function verifyContent(
  receipt: Pick<Receipt, 'callId' | 'requestHash' | 'responseHash'>,
  saltKey: Uint8Array,
  request?: Uint8Array,
  response?: Uint8Array,
): readonly Check[] {
  const checks: Check[] = [];
  if (request !== undefined) {
    checks.push(
      check('request', () => [
        requestHash(saltKey, receipt.callId, request) === receipt.requestHash,
        `requestHash covers these ${request.length} bytes.`,
      ]),
    );
  }
  if (response !== undefined) checks.push(check('response', () => compareResponse(receipt, saltKey, response)));
  return checks;
}

/** Completeness is in the hash and not in the bytes, so both are tried and the answer says which it was. */
function compareResponse(
  receipt: Pick<Receipt, 'callId' | 'responseHash'>,
  saltKey: Uint8Array,
  response: Uint8Array,
): readonly [boolean, string] {
  const complete = [true, false].find((whole) => responseHash(saltKey, receipt.callId, response, whole) === receipt.responseHash);
  const how = complete === undefined ? '' : complete ? ', delivered to the end' : ', cut before the end';
  return [complete !== undefined, `responseHash covers these ${response.length} bytes${how}.`];
}
