import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** One place of the product's code, as it stands and as the bug has it. The text must stand there exactly once. */
type Edit = { readonly file: string; readonly from: string; readonly to: string };

/** `caughtAs`: what the simulation must say of it. */
export type Bug = { readonly name: string; readonly caughtAs: RegExp; readonly edits: readonly Edit[] };

const LEDGER = 'packages/server/src/ledger';
const GATEWAY = 'packages/server/src/gateway';

/** The cap's own predicate, taken out of the statement that places a hold. */
const WITHOUT_THE_CAP: Edit = {
  file: `${LEDGER}/statements.ts`,
  from: 'texts.get(name) as string',
  to: "(texts.get(name) as string).replace(/AND held \\+ spent \\+ overrun[^\\n]*/, 'AND ?16 + ?19 >= 0')",
};

/** Bugs to plant, each of a kind that a careful author could make. A test finds every one of them in a short run. */
export const BUGS: readonly Bug[] = [
  {
    name: 'release-on-abort',
    caughtAs: /^I2: .* was released at 0/,
    edits: [
      {
        file: `${GATEWAY}/call.ts`,
        from: "code = 'ok', again: Again | null = null): void {\n    if (this.#ended) return;",
        to: "code = 'ok', again: Again | null = null): void {\n    if (this.#ended) return;\n    if (this.#relay.gone) outcome = { kind: 'released', reason: 'the caller left' };",
      },
    ],
  },
  {
    name: 'release-on-billed-refusal',
    caughtAs: /^I2: .* was released at 0/,
    edits: [{ file: `${GATEWAY}/call.ts`, from: "const released = unbilled && row.settle !== 'hold';", to: 'const released = true;' }],
  },
  {
    name: 'release-although-nothing-may-be',
    caughtAs: /^I2: /,
    edits: [{ file: `${GATEWAY}/call.ts`, from: "const released = unbilled && row.settle !== 'hold';", to: 'const released = unbilled;' }],
  },
  {
    name: 'metered-on-a-cut-stream',
    caughtAs: /^I2: .* was settled at/,
    edits: [
      {
        file: `${GATEWAY}/verdict.ts`,
        from: 'summary.usage === null || !isFinished(summary, plan)) return',
        to: 'summary.usage === null) return',
      },
    ],
  },
  {
    name: 'reset-counts-as-unsent',
    caughtAs: /^I2: .* was released at 0/,
    edits: [{ file: `${GATEWAY}/call.ts`, from: '    if (sent) {', to: '    if (sent && this.#status !== 0) {' }],
  },
  {
    name: 'charged-twice',
    caughtAs: /books are not what was answered/,
    edits: [
      {
        file: `${LEDGER}/ops/settle.ts`,
        from: 'after = chargedAccount(after, charge);',
        to: 'after = chargedAccount(chargedAccount(after, charge), charge);',
      },
    ],
  },
  {
    name: 'answer-before-commit',
    caughtAs: /books are not what was answered/,
    edits: [
      {
        file: `${LEDGER}/writer.ts`,
        from: "books.db.exec('COMMIT');\n    books.journal.commit();\n    forgetSome",
        to: "queueMicrotask(() => books.db.exec('COMMIT'));\n    books.journal.commit();\n    forgetSome",
      },
    ],
  },
  {
    name: 'send-on-existing',
    caughtAs: /^I1: /,
    edits: [
      {
        file: `${LEDGER}/ops/hold.ts`,
        from: '  const before = earlier(books, request);\n  if (before !== null) return before;',
        to: `  const before = earlier(books, request);
  if (before !== null) {
    const { holdId, sourceId, nonce } = request;
    const fields = { holdId, sourceId, nonce, epoch: books.epoch };
    return { result: 'created', permit: { ...fields, mac: permitMac(books.ticketKey, fields) }, createdAt: books.now, balances: [] };
  }`,
      },
    ],
  },
  {
    name: 'cap-without-open-holds',
    caughtAs: /^I1: .* break its limit/,
    edits: [
      WITHOUT_THE_CAP,
      {
        file: `${LEDGER}/ops/admission.ts`,
        from: 'row.held - (own?.left ?? 0n) + row.spent + row.overrun + need',
        to: 'row.spent + row.overrun + need',
      },
    ],
  },
  {
    name: 'cap-checked-beside-the-hold',
    caughtAs: /^I1: .* break its limit/,
    edits: [
      WITHOUT_THE_CAP,
      {
        file: `${LEDGER}/ops/hold.ts`,
        from: 'const needs = needsOf(books, request);',
        to: `const seen = (books as { seen?: Map<string, bigint> });
  seen.seen ??= new Map();
  const needs = needsOf(books, request);
  const at = Number(seen.seen.get(request.sourceId) ?? 0n);
  if (needs.refusal?.code === 'CAP_BUSY' && books.now - at < 2_000) Object.assign(needs, { refusal: null });
  else seen.seen.set(request.sourceId, BigInt(books.now));`,
      },
    ],
  },
  {
    name: 'stop-checked-elsewhere',
    caughtAs: /^I1: .* while all calls are stopped/,
    edits: [
      {
        file: `${LEDGER}/statements.ts`,
        from: 'texts.get(name) as string',
        to: "(texts.get(name) as string).replace(/AND NOT EXISTS [^\\n]*/, '')",
      },
      { file: `${LEDGER}/ops/hold.ts`, from: 'books.stop !== null ?', to: 'books.stop === "never" ?' },
    ],
  },
  {
    name: 'retry-without-a-hold',
    caughtAs: /^I1: .*(sent twice|a request left under)/,
    edits: [
      {
        file: `${GATEWAY}/attempts.ts`,
        from: 'const held = await admit(deps, call, trail, work, candidates(deps, call, trail, readyBy))',
        to: 'const held = kept !== null ? kept : await admit(deps, call, trail, work, candidates(deps, call, trail, readyBy))',
      },
      {
        file: `${GATEWAY}/attempts.ts`,
        from: '  let last: TallyError | null = null;',
        to: '  let last: TallyError | null = null;\n  let kept: Held | null = null;',
      },
      { file: `${GATEWAY}/attempts.ts`, from: '    let waitMs: number | null;', to: '    let waitMs: number | null;\n    kept = held;' },
      { file: 'packages/server/src/vault/tickets.ts', from: 'if (bucket.has(ticket.holdId))', to: 'if (bucket.has(""))' },
    ],
  },
  {
    name: 'takeover-of-a-burned-hold',
    caughtAs: /^I1: .* under an idempotency key whose hold/,
    edits: [
      {
        file: `${LEDGER}/ops/hold.ts`,
        from: "row.call_id === request.callId && row.state === 'released' &&",
        to: "(row.state === 'released' || row.state === 'burned') &&",
      },
      {
        file: `${LEDGER}/statements.ts`,
        from: 'texts.get(name) as string',
        to: "(texts.get(name) as string).replace(\"earlier.call_id = ?8 AND earlier.state = 'released'\", \"?8 <> '' AND earlier.state <> 'open'\")",
      },
    ],
  },
  {
    name: 'guard-band-ignored',
    caughtAs: /^I1: .* \(guard [1-9]/,
    edits: [{ file: `${GATEWAY}/hold.ts`, from: "guarded: bound.proof === 'count',", to: 'guarded: false,' }],
  },
  {
    name: 'count-without-margin',
    caughtAs: /^I2: .* was sent with what can be billed/,
    edits: [
      {
        file: 'packages/core/src/bounds/count-bound.ts',
        from: 'const input = counted + (share > MARGIN_TOKENS_MIN ? share : MARGIN_TOKENS_MIN) + images.tokens;',
        to: 'const input = counted + images.tokens;',
      },
    ],
  },
  {
    name: 'one-choice-held-for-many',
    caughtAs: /^I2: .* was sent with what can be billed/,
    edits: [
      {
        file: 'packages/core/src/bounds/bounds.ts',
        from: "const output = embeds(endpoint) ? 0n : BigInt(inputs.choices) * answer.tokens;\n  return { proof: 'bytes'",
        to: "const output = embeds(endpoint) ? 0n : answer.tokens;\n  return { proof: 'bytes'",
      },
    ],
  },
  {
    name: 'limit-not-injected',
    caughtAs: /^I2: .* was sent with what can be billed/,
    edits: [
      {
        file: `${GATEWAY}/providers/plan.ts`,
        from: 'if (isSent && plan.walked.captured.get(nameOf(path)) !== Number(output))',
        to: 'if (isSent && isThere(plan, path))',
      },
    ],
  },
  {
    name: 'late-send',
    caughtAs: /^I1: .* ms after its commit/,
    edits: [{ file: `${GATEWAY}/call.ts`, from: 'now - this.#held.heldAt > SEND_WITHIN_MS', to: 'now < 0' }],
  },
  {
    name: 'overrun-not-frozen',
    caughtAs: /^I3: /,
    edits: [
      {
        file: `${GATEWAY}/closing.ts`,
        from: 'deps.sources.suspend(held.source.row.id);\n',
        to: 'if (reason !== "") return;\n',
      },
    ],
  },
  {
    name: 'overrun-settled-late',
    caughtAs: /^I3: /,
    edits: [
      {
        file: `${GATEWAY}/closing.ts`,
        from: "isUrgent || overran ? 'now' : 'soon'",
        to: "(overran ? await new Promise((go) => setTimeout(go, 100)) : null, 'soon')",
      },
      { file: `${GATEWAY}/closing.ts`, from: 'if (overran) deps.sources.suspend(source);', to: '' },
      {
        file: `${GATEWAY}/call.ts`,
        from: 'if (usageTotal(usage) > this.#held.bound.total) this.#deps.sources.suspend(this.#held.source.row.id);',
        to: 'if (usageTotal(usage) > this.#held.bound.total) return;',
      },
    ],
  },
  {
    name: 'overrun-leaves-the-source-active',
    caughtAs: /books are not what was answered/,
    edits: [
      {
        file: `${LEDGER}/ops/settle.ts`,
        from: "if (row.kind !== 'source' || row.state === 'revoked'",
        to: "if (row.kind === 'source' || row.state === 'revoked'",
      },
    ],
  },
  {
    name: 'commits-left-unsynced',
    caughtAs: /acknowledged is not there after the crash/,
    edits: [{ file: `${LEDGER}/aside.ts`, from: "    this.#sync('FULL', 2n);", to: '' }],
  },
  {
    name: 'recovery-releases',
    caughtAs: /^I2: |books are not what was answered/,
    edits: [{ file: `${LEDGER}/ops/burn.ts`, from: "outcome: 'burned',", to: "outcome: 'released'," }],
  },
  {
    name: 'recovery-forgets-open-holds',
    caughtAs: /books are not what was answered/,
    edits: [{ file: `${LEDGER}/recovery.ts`, from: 'from < holds.length;', to: 'from < 0;' }],
  },
  {
    name: 'unspent-freed-twice',
    caughtAs: /books are not what was answered/,
    edits: [
      {
        file: `${LEDGER}/ops/settle.ts`,
        from: '+ giveBack(books, open.request, line) }',
        to: '+ 0n * giveBack(books, open.request, line) }',
      },
    ],
  },
  {
    name: 'recovery-frees-the-unspent-twice',
    caughtAs: /books are not what was answered/,
    edits: [
      {
        file: `${LEDGER}/ops/settle.ts`,
        from: '+ giveBack(books, open.request, line) }',
        to: '+ (open.epoch === books.epoch ? 1n : 0n) * giveBack(books, open.request, line) }',
      },
    ],
  },
  {
    name: 'recovery-forgets-reservations',
    caughtAs: /is said to be tampered with/,
    edits: [
      { file: `${LEDGER}/recovery.ts`, from: 'books.db.prepare(RESERVED).iterate(books.bookId)', to: 'RESERVED.slice(RESERVED.length)' },
    ],
  },
  {
    name: 'memory-survives-a-rollback',
    caughtAs: /books are not what was answered|tampered|was changed|hold .* is/i,
    edits: [
      {
        file: `${LEDGER}/writer.ts`,
        from: '    books.journal.rollbackTo(0);\n    throw error;',
        to: '    books.journal.commit();\n    throw error;',
      },
    ],
  },
];

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * Plants a bug in the code that is loaded from here on; no file is touched.
 * @returns throws where a place of the bug was not loaded, to be asked when everything is. @throws where its text is not there as it was.
 */
export function plant(name: string): () => void {
  const bug = BUGS.find((each) => each.name === name);
  if (bug === undefined) throw new Error(`There is no bug ${name}; there are: ${BUGS.map((each) => each.name).join(', ')}`);
  const left = new Set(bug.edits.map(({ file }) => file));
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const path = url.startsWith('file:') ? fileURLToPath(url).slice(ROOT.length) : '';
      if (!left.delete(path)) return loaded;
      return { ...loaded, source: edited(readFileSync(ROOT + path, 'utf8'), bug, path) };
    },
  });
  return () => {
    if (left.size > 0) throw new Error(`The bug ${name} was not planted: ${[...left].join(', ')} was not loaded.`);
  };
}

function edited(source: string, { name, edits }: Bug, path: string): string {
  let text = source;
  for (const { file, from, to } of edits) {
    if (file !== path) continue;
    const [before, after, ...more] = text.split(from);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`The bug ${name} does not fit ${path} any more: the text it replaces does not stand there once.`);
    }
    text = before + to + after;
  }
  return text;
}
