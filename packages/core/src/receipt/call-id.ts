import { TallyError } from '../errors.ts';
import type { Hex } from './types.ts';

/**
 * A UUID as the 32 bytes of a receipt: 16 zero bytes, then the UUID's own. Call ids are random and name no one, so they need no pseudonym:
 * who has the call id of an answer's header can find it in the receipt.
 * @throws TallyError INPUT_INVALID
 */
export function uuidBytes32(uuid: string): Hex {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(uuid))
    throw new TallyError('INPUT_INVALID', 'An id must be a lower-case UUID.');
  return `0x${'00'.repeat(16)}${uuid.replaceAll('-', '')}`;
}
