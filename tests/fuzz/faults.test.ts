import { parseDeclaredFacts, TallyError } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import type { ObjectNode } from '../../packages/server/src/gateway/body/schema.ts';
import { splice } from '../../packages/server/src/gateway/body/splice.ts';
import { walkBody } from '../../packages/server/src/gateway/body/walk.ts';
import type { WalkedBody } from '../../packages/server/src/gateway/body/walked.ts';
import { CHAT_FIELDS } from '../../packages/server/src/gateway/providers/openai/chat-fields.ts';
import { EMBEDDINGS_FIELDS } from '../../packages/server/src/gateway/providers/openai/embeddings-fields.ts';
import type { Scanned } from '../../packages/server/src/gateway/stream/events.ts';
import { OpenAiResponsesScanner } from '../../packages/server/src/gateway/stream/openai-responses.ts';
import { SseScanner } from '../../packages/server/src/gateway/stream/sse.ts';
import { declaredTarget, usageTarget } from './core.target.ts';
import { bearerTarget, betasTarget, retryAfterTarget } from './headers.target.ts';
import { idempotencyTarget } from './idempotency.target.ts';
import { search } from './run.ts';
import { scannerTarget } from './scanner.target.ts';
import { spliceTarget } from './splice.target.ts';
import { sseTarget } from './sse.target.ts';
import type { Target } from './target.ts';
import { redactionTarget } from './upstream-error.target.ts';
import { walkTarget } from './walk.target.ts';

const SEED = 7;
const INPUTS = 3000;

/** What the oracle says of the first input that shows the fault; `none` where it sees nothing. */
const seen = (target: Target): string => search(target, SEED, INPUTS)?.what ?? 'none';

describe('the oracle of walks', () => {
  const faulty = (walk: (body: Uint8Array, schema: ObjectNode) => WalkedBody) => seen(walkTarget('faulty', CHAT_FIELDS, walk));

  it('sees a key taken twice', () => {
    const lax = (body: Uint8Array, schema: ObjectNode) => {
      try {
        return walkBody(body, schema);
      } catch (error) {
        if (!(error instanceof TallyError) || !error.message.includes('stands twice')) throw error;
        return walkBody(Buffer.from(JSON.stringify(JSON.parse(Buffer.from(body).toString()))), schema);
      }
    };
    expect(faulty(lax)).toBe('takes what it should refuse: a key stands twice');
  });

  it('sees an unknown field taken', () => {
    const open: ObjectNode = { ...CHAT_FIELDS, rest: { kind: 'any' } };
    expect(faulty((body, schema) => walkBody(body, schema === CHAT_FIELDS ? open : schema))).toMatch(/is not in the schema/);
  });

  it('sees bad UTF-8 taken', () => {
    expect(faulty((body, schema) => walkBody(Buffer.from(Buffer.from(body).toString()), schema))).toBe(
      'takes what it should refuse: it is not JSON in UTF-8',
    );
  });

  it('sees a value misread, a count missed and a span moved', () => {
    const with_ = (change: (walked: WalkedBody) => Partial<WalkedBody>) =>
      faulty((body, schema) => {
        const walked = walkBody(body, schema);
        return { ...walked, ...change(walked) };
      });
    expect(with_(({ captured }) => ({ captured: new Map([...captured].filter(([name]) => name !== 'n')) }))).toBe('captured other values');
    expect(with_(() => ({ counts: new Map() }))).toBe('counted otherwise');
    expect(with_(() => ({ numberExpansion: 0 }))).toBe('sums numbers otherwise');
    const moved = ({ top }: WalkedBody) => ({
      top: { ...top, members: top.members.map((member) => ({ ...member, valueEnd: member.valueEnd - 1 })) },
    });
    expect(with_(moved)).toBe('a value stands elsewhere');
  });

  it('sees a refusal that tells what stands in the body, a strange error, and one that is not due', () => {
    const quoting = (body: Uint8Array, schema: ObjectNode) => {
      try {
        return walkBody(body, schema);
      } catch {
        throw new TallyError('FIELD_INVALID', `\`body\` must not be ${Buffer.from(body).toString()}.`, { field: 'body' });
      }
    };
    expect(faulty(quoting)).toMatch(/^says what no schema says/);
    const crashing = () => {
      throw new TypeError('undefined is not a function');
    };
    expect(faulty(crashing)).toMatch(/^refuses what it should take|^throws TypeError/);
    expect(faulty((body) => walkBody(body, EMBEDDINGS_FIELDS))).toMatch(/^refuses what it should take/);
  });
});

describe('the oracle of splices', () => {
  it('sees a body that is parsed and written anew', () => {
    const rewriting: typeof splice = (body, walked, edits) => {
      const bytes = splice(body, walked, edits);
      return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(bytes).toString())));
    };
    expect(seen(spliceTarget(rewriting))).toMatch(/^makes other fields|^changes more than|^makes a new body/);
  });

  it('sees an edit left out, and a byte changed elsewhere', () => {
    expect(seen(spliceTarget((body, walked, edits) => splice(body, walked, edits.slice(1))))).toMatch(/^makes other fields/);
    const trailing: typeof splice = (body, walked, edits) =>
      Buffer.concat([Buffer.from('  '), splice(body, walked, edits), Buffer.from(' ')]);
    expect(seen(spliceTarget(trailing))).toMatch(/^makes a new body|^changes more than/);
  });
});

describe('the oracle of frames', () => {
  const wrapped = (change: (scanner: SseScanner, chunk: Uint8Array) => ReturnType<SseScanner['push']>) =>
    seen(
      sseTarget((frameBytesMax) => {
        const scanner = new SseScanner({ frameBytesMax });
        return { push: (chunk) => change(scanner, chunk), end: () => scanner.end() };
      }),
    );

  it('sees a byte lost, and one lost only where chunks are long', () => {
    expect(wrapped((scanner, chunk) => scanner.push(chunk.subarray(1)))).toBe('loses or adds bytes');
    expect(wrapped((scanner, chunk) => scanner.push(chunk.subarray(0, 200)))).toBe('loses or adds bytes');
  });

  it('sees a scanner that takes each chunk for whole frames', () => {
    const hasty = () => ({
      push: (chunk: Uint8Array) => {
        const scanner = new SseScanner();
        const rest = [...scanner.push(chunk), scanner.end()];
        return rest.filter((frame) => frame !== null);
      },
      end: () => null,
    });
    expect(seen(sseTarget(hasty))).toMatch(/^reads other events|^cuts frames otherwise/);
  });

  it('sees a limit that is not kept', () => {
    expect(seen(sseTarget(() => new SseScanner()))).toMatch(/^a limit of \d+ bytes is not kept/);
  });
});

describe('the oracle of scanners', () => {
  const faulty = (change: (scanned: Scanned) => Scanned) =>
    class extends OpenAiResponsesScanner {
      override push(chunk: Uint8Array): Scanned {
        return change(super.push(chunk));
      }
    };

  it('sees bytes dropped, invented and cut', () => {
    const said = (change: (scanned: Scanned) => Scanned) => seen(scannerTarget('faulty', faulty(change)));
    expect(said(({ events, relay }) => ({ events, relay: relay.slice(1) }))).toMatch(/^does not relay|^leaves out more|^relays otherwise/);
    expect(said(({ events, relay }) => ({ events, relay: [...relay, Buffer.from('!')] }))).toMatch(/^does not relay|^relays/);
    expect(said(({ events, relay }) => ({ events: events.slice(1), relay }))).toMatch(/^tells other events/);
  });

  it('sees negative usage', () => {
    const negative = faulty(({ events, relay }) => ({
      events: events.map((event) =>
        event.kind === 'usage' && event.usage !== null ? { ...event, usage: { ...event.usage, output: -1n } } : event,
      ),
      relay,
    }));
    expect(seen(scannerTarget('faulty', negative))).toBe('reports negative usage');
  });
});

describe('the other oracles', () => {
  it('see a secret that survives in part', () => {
    const whole = redactionTarget(({ status, body }, secret) => ({
      error: new TallyError(
        'UPSTREAM_REFUSED',
        `${status}: ${body
          .toString()
          .replaceAll(secret, '[redacted]')
          .replace(/[^\x20-\x7e]/g, ' ')
          .slice(0, 500)}`,
      ),
    }));
    expect(seen(whole)).toMatch(/^a part of the secret survives/);
  });

  it('see usage that is charged as less, or as less than nothing', () => {
    const zero = { input: 0n, cached_input: 0n, cache_write_5m: 0n, cache_write_1h: 0n, output: 0n, reasoning: 0n };
    const isObject = (raw: unknown) => typeof raw === 'object' && raw !== null && !Array.isArray(raw);
    expect(seen(usageTarget((_, raw) => (isObject(raw) ? zero : null)))).toMatch(/charges less than is reported/);
    expect(seen(usageTarget(() => ({ ...zero, output: -1n })))).toMatch(/a class is negative/);
  });

  it('see facts taken that nobody declared', () => {
    expect(seen(declaredTarget(() => new Map()))).toMatch(/^reads (other models than are declared|what is no object)$/);
    const unchecked: typeof parseDeclaredFacts = (json) => {
      const facts = parseDeclaredFacts(json);
      return new Map(Array.from(facts, ([id, model]) => [id, { ...model, endpoints: [...model.endpoints, ...model.endpoints] }]));
    };
    expect(seen(declaredTarget(unchecked))).toBe('names endpoints twice or none');
  });

  it('see a stranger let in, a known key turned away, a beta let through and a wait misread', () => {
    const keeper = (secret: string) => ({ authenticate: () => ({ key: {}, tenantHash: '0x', secret }) as never });
    expect(seen(bearerTarget(keeper('tk_x')))).toBe('lets in who brings no known key');
    const shut = () => {
      throw new TallyError('AUTH_INVALID');
    };
    expect(seen(bearerTarget({ authenticate: shut }))).toMatch(/^turns a known key away|^throws/);
    expect(
      seen(
        betasTarget((header) =>
          String(header)
            .split(',')
            .filter((name) => name !== ''),
        ),
      ),
    ).toMatch(/^takes |^sends on other/);
    expect(seen(retryAfterTarget((headers) => Number.parseFloat(String(headers['retry-after'] ?? headers['retry-after-ms']))))).toMatch(
      /^retry-after/,
    );
    expect(seen(idempotencyTarget(({ headers }) => String(headers['idempotency-key']).trim()))).toMatch(/^takes /);
  });
});
