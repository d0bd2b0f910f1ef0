import { createHash } from 'node:crypto';
import { contentSalt, requestHash, responseHash, responseTrailer, saltKeyOf, uuidBytes32 } from '@tallystick/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ContentSalts } from './content-salts.ts';

it('gives the hashes that core defines', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => text.isWellFormed()),
      fc.uuid({ version: 7 }),
      fc.uint8Array(),
      fc.boolean(),
      (secret, callId, body, complete) => {
        const salts = new ContentSalts(secret, callId);
        const saltKey = saltKeyOf(secret);
        const id = uuidBytes32(callId);
        expect(salts.requestHash(body)).toBe(requestHash(saltKey, id, body));
        expect(new Uint8Array(salts.salt('response'))).toEqual(contentSalt(saltKey, id, 'response'));
        const streamed = createHash('sha256')
          .update(salts.salt('response'))
          .update(body)
          .update(responseTrailer(body.length, complete))
          .digest('hex');
        expect(`0x${streamed}`).toBe(responseHash(saltKey, id, body, complete));
      },
    ),
  );
});
