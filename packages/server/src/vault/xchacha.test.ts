import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { xchachaDecrypt } from './xchacha.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

it('opens what another implementation sealed, and nothing that was changed by a bit', () => {
  fc.assert(
    fc.property(bytes(32), bytes(24), fc.uint8Array(), fc.uint8Array({ minLength: 1 }), fc.nat(), (key, nonce, aad, plain, at) => {
      const sealed = xchacha20poly1305(key, nonce, aad).encrypt(plain);
      expect(new Uint8Array(xchachaDecrypt(key, nonce, aad, sealed))).toEqual(plain);
      const changed = sealed.slice();
      changed[at % changed.length] = (changed[at % changed.length] as number) ^ (1 << (at % 8));
      expect(() => xchachaDecrypt(key, nonce, aad, changed)).toThrow();
      expect(() => xchachaDecrypt(key, nonce, Uint8Array.of(...aad, 0), sealed)).toThrow();
    }),
  );
});

it('agrees with the vector of draft-irtf-cfrg-xchacha-03, A.3.1', () => {
  const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
  const plain = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  const sealed =
    hex(`bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
    2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49`);
  const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = hex('404142434445464748494a4b4c4d4e4f5051525354555657');
  expect(xchachaDecrypt(key, nonce, hex('50515253c0c1c2c3c4c5c6c7'), sealed).toString()).toBe(plain);
});
