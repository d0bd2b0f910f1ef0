import { utf8 } from '../crypto/bytes.ts';
import { toHex } from '../crypto/hex.ts';
import { sha256 } from '../crypto/sha256.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../jcs.ts';

/** They say who asks and how it is answered, not what is asked for. */
const OUTSIDE: ReadonlySet<string> = new Set(['auth', 'donor_address', 'stream']);

/**
 * The `subject` of the `DonorAct` by which a wallet asks for a task: SHA-256, as hex without `0x`, of the canonical JSON of the request's body without
 * `auth`, `donor_address` and `stream`. So nobody who sees the word can use it for another text, model, budget or priority.
 * @throws TallyError INPUT_INVALID
 */
export function orderSubject(body: JsonObject): string {
  const order: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(body)) if (!OUTSIDE.has(name)) order[name] = value;
  return toHex(sha256(utf8(canonicalJson(order)))).slice(2);
}
