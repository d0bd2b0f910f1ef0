/**
 * Every error code that leaves Tallystick, in one place: HTTP status, what happened, what to do.
 * `docs/reference/errors.md` lists the same codes; a test compares both ways.
 * `final: true` means that repeating the same request cannot help: answers then carry `x-should-retry: false`.
 */
type Entry = { readonly status: number; readonly final: boolean; readonly what: string; readonly fix: string };

function entry(status: number, final: boolean, what: string, fix: string): Entry {
  return { status, final, what, fix };
}

export const ERRORS = {
  AUTH_MISSING: entry(
    401,
    true,
    'No virtual key was sent.',
    'Send `Authorization: Bearer <virtual key>` (or `x-api-key`, or `x-goog-api-key`); make one with `tally key create`.',
  ),
  AUTH_INVALID: entry(
    401,
    true,
    'The virtual key is not known here.',
    'Check the key for typing errors, or make a new one with `tally key create`.',
  ),
  KEY_IN_URL: entry(
    400,
    true,
    'A key stands in the URL, where it ends up in logs and histories.',
    'Send it in a header (`x-goog-api-key`), and replace the one that was sent.',
  ),
  KEY_REVOKED: entry(401, true, 'The virtual key was revoked.', 'Ask the operator for a new key.'),
  KEY_EXPIRED: entry(401, true, 'The virtual key has expired.', 'Ask the operator for a new key.'),
  FORBIDDEN: entry(
    403,
    true,
    'The credential may not do this.',
    'Use the operator token (file `admin-token` in the data folder, or TALLY_ADMIN_TOKEN).',
  ),
  ROUTE_UNKNOWN: entry(404, true, 'There is no such route.', 'See the list of routes in docs/reference/api.md.'),
  METHOD_NOT_ALLOWED: entry(405, true, 'The route does not take this method.', 'Use the method that the `allow` header names.'),
  NOT_FOUND: entry(404, true, 'There is no such thing here.', 'Check the id; list what exists with the CLI.'),
  BODY_INVALID: entry(400, true, 'The body is not valid JSON for this route.', 'Mend the body at the place that the message names.'),
  BODY_TOO_LARGE: entry(
    413,
    true,
    'The body is larger than this gateway takes.',
    'Send less, or let the operator raise TALLY_BODY_BYTES_MAX.',
  ),
  BODY_TIMEOUT: entry(408, false, 'The body did not arrive in time.', 'Send it again over a better line.'),
  HEADERS_TOO_LARGE: entry(431, true, 'The request headers are larger than this gateway takes.', 'Send fewer or smaller headers.'),
  CONTENT_TYPE_INVALID: entry(415, true, 'The body is not JSON.', 'Send `content-type: application/json` without a content encoding.'),
  FIELD_NOT_ALLOWED: entry(
    400,
    true,
    'A field could cost more than can be bounded before the call, or is not known.',
    'Leave the named field out.',
  ),
  FIELD_INVALID: entry(400, true, 'A field has a value that this route does not take.', 'Mend the named field.'),
  MODEL_UNKNOWN: entry(
    404,
    true,
    'No source that this key may use serves this model.',
    'Choose one of the models that `GET /v1/models` lists.',
  ),
  CAP_EXCEEDED: entry(
    402,
    true,
    'The call could cost more than is left under a hard cap, so it was not sent.',
    'Ask for less output, send less input, or use a source or key with more left.',
  ),
  CAP_BUSY: entry(
    429,
    false,
    'What is left under the cap is held by calls that are still running.',
    'Try again after the time in `retry-after`.',
  ),
  NO_AVAILABLE_KEYS: entry(
    503,
    false,
    'No source that serves this model is active now.',
    'Try again later, or ask the operator to add or resume a source.',
  ),
  POOL_STOPPED: entry(503, true, 'The operator has stopped all calls.', 'Wait until the operator resumes them.'),
  GOVERNANCE_LOCKED: entry(
    403,
    true,
    'The donation pool is not open yet, so none of its calls was sent.',
    'Wait until the time that the message names: it opens by itself.',
  ),
  OVERLOADED: entry(503, false, 'The gateway has as many calls in flight as it takes.', 'Try again after the time in `retry-after`.'),
  SHUTTING_DOWN: entry(503, false, 'The gateway is shutting down.', 'Try again after the time in `retry-after`.'),
  ALREADY_SERVED: entry(
    409,
    true,
    'A call with this idempotency key was served before.',
    'Read its receipt; use a new key for a new call.',
  ),
  IN_FLIGHT: entry(409, false, 'A call with this idempotency key is still running.', 'Wait for the first call to end.'),
  OUTCOME_UNKNOWN: entry(
    409,
    true,
    'A call with this idempotency key was sent and its outcome is not known; it is never sent again.',
    'Read its receipt; use a new key if you want to risk a second call.',
  ),
  IDEMPOTENCY_MISMATCH: entry(422, true, 'This idempotency key was used with another body.', 'Use a new key for a new body.'),
  UPSTREAM_AUTH: entry(502, true, 'The upstream refused the source’s own key.', 'Ask the operator to check the source.'),
  UPSTREAM_REFUSED: entry(400, true, 'The upstream refused the request.', 'Mend the request as the message says.'),
  UPSTREAM_RATE_LIMITED: entry(429, false, 'The upstream is limiting this source.', 'Try again after the time in `retry-after`.'),
  UPSTREAM_OVERLOADED: entry(
    503,
    false,
    'The upstream is overloaded.',
    'Try again after the time in `retry-after`; the receipt of this attempt says what, if anything, it spent.',
  ),
  UPSTREAM_ERROR: entry(502, false, 'The upstream failed.', 'Try again; the receipt of this attempt says what, if anything, it spent.'),
  UPSTREAM_UNREACHABLE: entry(
    502,
    false,
    'The upstream could not be reached.',
    'Try again; the receipt of this attempt says what, if anything, it spent.',
  ),
  UPSTREAM_TIMEOUT: entry(
    504,
    false,
    'The upstream did not answer in time.',
    'Try again; the receipt of this attempt says what, if anything, it spent.',
  ),
  UPSTREAM_OVERRUN: entry(
    502,
    true,
    'The upstream went beyond the limit that it was sent; the answer was cut and the source is frozen.',
    'Use another source; tell the operator.',
  ),
  SECRET_UNAVAILABLE: entry(503, true, 'The source’s secret cannot be opened.', 'Ask the operator to run `tally doctor`.'),
  TAMPERED: entry(
    503,
    true,
    'A stored record does not match its seal, so it is not used.',
    'Ask the operator to run `tally audit verify`.',
  ),
  LEDGER_UNAVAILABLE: entry(503, false, 'The ledger cannot commit now, so nothing is sent.', 'Try again after the time in `retry-after`.'),
  LEDGER_CLOSED: entry(503, false, 'The ledger is closed.', 'Try again when the gateway is up.'),
  COUNT_CONSENT_NEEDED: entry(
    400,
    true,
    'Under so small a cap, calls can only be bounded by the provider’s own count of them, which is evidence and no proof.',
    'Agree to that (`count_consent`, `--count-consent`), or give a cap of at least what the message names.',
  ),
  DONATED_TOKENS_REQUIRED: entry(
    400,
    true,
    'A key is only taken with a cap: how many of its tokens are given.',
    'Give `donated_tokens`, a whole number from 1 to 100,000,000.',
  ),
  DONATION_TOO_LARGE: entry(400, true, 'More tokens are given than one donation may have.', 'Give at most 100,000,000 `donated_tokens`.'),
  DONATION_UNUSABLE: entry(
    422,
    true,
    'Under this cap no model could ever be called, so the key was not taken.',
    'Give at least the cap that the message names, or agree to counting (`count_consent`) where it says so.',
  ),
  DONATION_DUPLICATE: entry(
    409,
    true,
    'This key is a donation already.',
    'Nothing is to be done; a key whose donation was rejected or destroyed may be given again.',
  ),
  DONATION_TOO_SOON: entry(429, false, 'One donor gives at most one key in a minute.', 'Try again after the time in `retry-after`.'),
  KEY_FORMAT_INVALID: entry(
    400,
    true,
    'This does not look like a key of the provider.',
    'Copy the whole key, without spaces or line ends, and check which provider it is of.',
  ),
  VALIDATION_FAILED: entry(
    422,
    true,
    'The provider refused the key, so it was not kept.',
    'Check the key at the provider: whether it is active, and may call models.',
  ),
  SIGNATURE_INVALID: entry(
    401,
    true,
    'The signature is not the donor’s over exactly this.',
    'Sign what `GET /api/ai-pool/signing` describes, with the wallet of the address that is named.',
  ),
  NONCE_USED: entry(409, true, 'This nonce was used before, so the signature is worth nothing now.', 'Sign again with a new nonce.'),
  STATE_INVALID: entry(409, true, 'The record’s state does not allow this.', 'Look at its state first (`tally source show`).'),
  LIMIT_INVALID: entry(
    400,
    true,
    'The limit is not one that may be set.',
    'Give whole units below the present limit, or add a new source.',
  ),
  INPUT_INVALID: entry(400, true, 'A value is missing or wrong.', 'Mend the value that the message names.'),
  CONFIG_INVALID: entry(500, true, 'The configuration is not valid.', 'Mend the named setting; see docs/reference/configuration.md.'),
  MASTER_KEY_INVALID: entry(
    500,
    true,
    'The master key cannot be read or is not the one that sealed this data.',
    'Give the right key by TALLY_MASTER_KEY_FILE or as a phrase.',
  ),
  DATA_LOCKED: entry(500, true, 'Another process is using the data folder.', 'Stop it first.'),
  BACKUP_INVALID: entry(400, true, 'The backup cannot be made or used.', 'Choose an empty folder for a backup, a whole one for a restore.'),
  INVITATION_INVALID: entry(
    400,
    true,
    'The invitation cannot be used here.',
    'Take a fresh one (`tally host invite`), and join with an empty data folder and the master key of the gateway in place.',
  ),
  ARCHIVE_MISSING: entry(
    503,
    true,
    'The file of an archived month is not here.',
    'Put the archive that the message names back into the folder `archive` of the data folder; its SHA-256 tells which it is.',
  ),
  RECEIPT_INVALID: entry(422, true, 'The receipt does not verify.', 'Do not trust it; compare it with the gateway’s own copy.'),
  TASK_STATE: entry(409, true, 'The task’s state does not allow this.', 'Look at the task first.'),
  TASK_DECLINED: entry(422, true, 'The model declined the task.', 'Ask for something else, or in other words.'),
  TASK_TIME_LIMIT: entry(
    504,
    true,
    'The task’s time limit came before its end.',
    'Read what it has written so far; resume it with more time.',
  ),
  CHAIN_UNREACHABLE: entry(
    503,
    false,
    'No node of the chain can be used now.',
    'Check the nodes behind CHAIN_RPC_URL: whether they answer, are of the right chain, and are not behind.',
  ),
  CHAIN_NODE_FAILED: entry(
    502,
    false,
    'A node of the chain answered with an error, or with what no node may answer.',
    'Try again; use another node if it stays so.',
  ),
  CHAIN_REVERTED: entry(422, true, 'The contract refused the call.', 'Mend what the contract’s error names.'),
  CHAIN_GAS_TOO_MUCH: entry(
    422,
    true,
    'The transaction needs more gas than one transaction may have.',
    'Divide it: claim fewer channels at a time.',
  ),
  CHAIN_FUNDS_LOW: entry(503, false, 'The account that sends cannot pay for the transaction.', 'Send native coin to the named account.'),
  CHAIN_STUCK: entry(
    504,
    false,
    'The transaction waits: a cap on fees keeps its fee from rising, or a nonce before it is not used.',
    'Wait until fees fall, or raise the caps on fees; a missing nonce is given to what is sent next.',
  ),
  CHAIN_REPLACED: entry(
    409,
    true,
    'Another transaction of the same account took the nonce, so this one can never be mined.',
    'See that nothing else sends from this account; then ask again under a new intent id.',
  ),
  CHAIN_REORG_TOO_DEEP: entry(
    503,
    true,
    'The chain has other blocks than those that were held to be final.',
    'Check that the nodes are of the right chain; then remove the folder `chain/books-<chain id>` of the data folder, and nothing beside it: the books are rebuilt.',
  ),
  CHAIN_BOOKS_WRONG: entry(
    503,
    true,
    'What is stored of the chain does not fit together.',
    'Remove the folder `chain/books-<chain id>` of the data folder, and nothing beside it: the books are rebuilt from the chain. If it comes back, the record of the deployment is wrong: see docs/guides/chain.md.',
  ),
  DEPLOY_REFUSED: entry(
    400,
    true,
    'The contracts are not deployed like this.',
    'Mend what the message names; `tally chain plan` shows what would be done.',
  ),
  DEPLOY_FAILED: entry(
    502,
    false,
    'The deployment stopped before its end.',
    'See to what the message names, then run it again: what is deployed already is checked and skipped.',
  ),
  DEPLOY_KEY_INVALID: entry(
    400,
    true,
    'The deployer’s key cannot be read.',
    'Give 64 hex digits in TALLY_DEPLOYER_KEY or in a file of mode 0600, or a keystore (version 3) with its password file.',
  ),
  CHAIN_EMBEDDED_FAILED: entry(
    503,
    false,
    'The embedded chain does not run.',
    'The gateway works without it. See to what the message names and start again, or set TALLY_CHAIN=off.',
  ),
  INTERNAL: entry(500, false, 'Something failed inside the gateway.', 'Try again; tell the operator the call id.'),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null>>;

/** An error that may be shown: a code of the catalogue, one sentence of detail, and facts without secrets. */
export class TallyError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  /** @param detail what happened this time, for people; never a secret, a path or an SQL text. */
  constructor(code: ErrorCode, detail?: string, facts: ErrorFacts = {}, options?: ErrorOptions) {
    super(detail ?? ERRORS[code].what, options);
    this.name = 'TallyError';
    this.code = code;
    this.facts = facts;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get final(): boolean {
    return ERRORS[this.code].final;
  }

  get fix(): string {
    return ERRORS[this.code].fix;
  }
}
