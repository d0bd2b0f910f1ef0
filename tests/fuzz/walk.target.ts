import { isDeepStrictEqual } from 'node:util';
import { TallyError } from '@tallystick/core';
import type { Node, ObjectNode } from '../../packages/server/src/gateway/body/schema.ts';
import { walkBody } from '../../packages/server/src/gateway/body/walk.ts';
import type { WalkedBody } from '../../packages/server/src/gateway/body/walked.ts';
import { BODIES } from './corpus.ts';
import { fromSchema } from './from-schema.ts';
import { jsonMaker } from './make.ts';
import { type Expected, judge } from './reference-schema.ts';
import { must, type Target } from './target.ts';

type Walk = (body: Uint8Array, schema: ObjectNode) => WalkedBody;

/**
 * A walk takes a body exactly where JSON.parse and a naive reading of the allow-list do, finds the same in it, and refuses in words that
 * carry nothing of it but a short name. @param walk another walker, to see the oracle fail.
 */
export function walkTarget(name: string, schema: ObjectNode, walk: Walk = walkBody): Target {
  const phrases = phrasesOf(schema);
  const taken = BODIES.filter((body) => typeof judge(schema, Buffer.from(JSON.stringify(body))) !== 'string');
  return {
    name: `walk ${name}`,
    share: 8,
    make: jsonMaker(taken.length === 0 ? BODIES : taken, (random) => fromSchema(schema, random)),
    check: (input) => {
      const expected = judge(schema, input);
      const walked = attempt(() => walk(input, schema));
      if (walked instanceof Error) {
        must(typeof expected === 'string', `refuses what it should take: ${walked.message}`);
        checkRefusal(walked, phrases);
      } else {
        must(typeof expected !== 'string', `takes what it should refuse: ${String(expected)}`);
        checkWalked(walked, expected, input);
      }
    },
  };
}

function attempt(work: () => WalkedBody): WalkedBody | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function checkWalked(walked: WalkedBody, expected: Expected, input: Uint8Array): void {
  const slice = ({ start, end }: { start: number; end: number }) => Buffer.from(input.subarray(start, end)).toString();
  must(isDeepStrictEqual(walked.captured, expected.captured), 'captured other values');
  must(isDeepStrictEqual(walked.counts, expected.counts), 'counted otherwise');
  must(isDeepStrictEqual(walked.media.map(slice), expected.media), 'found other media');
  must(walked.numberExpansion === expected.numberExpansion, 'sums numbers otherwise');
  const { whole, text } = expected;
  must(walked.top.members.length === whole.members.length, 'found other fields');
  must(input[walked.top.open] === 0x7b && input[walked.top.close] === 0x7d, 'the object stands elsewhere');
  for (const [i, member] of walked.top.members.entries()) {
    const other = whole.members[i];
    must(other !== undefined && member.key === other.key, 'a field has another name');
    must(
      slice({ start: member.valueStart, end: member.valueEnd }) === text.slice(other.value.start, other.value.end),
      'a value stands elsewhere',
    );
    must(slice(member) === text.slice(other.keyStart, other.value.end), 'a field stands elsewhere');
  }
}

const CODES: ReadonlySet<string> = new Set(['BODY_INVALID', 'FIELD_NOT_ALLOWED', 'FIELD_INVALID']);
const FIELD = /`[A-Za-z0-9_$?.[\]…-]{1,64}`/;
const ABOUT_BYTES = [
  ...['it begins with a byte order mark', 'it must be an object', 'something follows its end', 'it ends inside a string'],
  ...['a word is not true, false or null', 'a number has a leading zero', 'a number is longer than N bytes', 'it is not UTF-N'],
  ...['a number is larger than a double can be', 'a number is not written as JSON has it', 'an escape is not one of JSON'],
  ...['a control character stands in a string without an escape', 'a field name holds half of a surrogate pair'],
  ...['it is nested deeper than N', 'an object has more than N fields'],
];
const WANTED = ['a value', 'a colon', 'a field name in double quotes', 'a comma or the end of an object', 'a comma or the end of an array'];

/** All that a refusal may say, its numbers and field names aside. */
function phrasesOf(schema: ObjectNode): ReadonlySet<string> {
  const about = [...ABOUT_BYTES, ...WANTED.flatMap((wanted) => [`it ends where ${wanted} is due`, `${wanted} is due here`])];
  const phrases = about.map((what) => `The body is not valid at byte N: ${what}.`);
  phrases.push('The body is not valid at byte N: FIELD stands twice in one object.');
  phrases.push(
    'FIELD is missing.',
    'FIELD holds half of a surrogate pair.',
    'FIELD must be the same wherever it stands.',
    'FIELD must be a whole number in plain digits, below N^N.',
  );
  phrases.push('FIELD is not allowed: it is not a field that this gateway knows here.');
  for (const what of ['at least N', 'at most N']) phrases.push(`FIELD must be ${what}.`, `FIELD must have ${what} elements.`);
  phrases.push('FIELD must have at most N bytes.');
  for (const text of ofSchema(schema, new Set())) phrases.push(skeleton(text));
  return new Set(phrases);
}

/** What the schema itself says: reasons, values and sets of names. (Types are few words, see `TYPES`.) */
function* ofSchema(node: Node, seen: Set<Node>): Generator<string> {
  if (seen.has(node)) return;
  seen.add(node);
  if ('reason' in node && node.reason !== undefined) yield `\`x\` is not allowed: ${node.reason}.`;
  if (node.kind === 'boolean' && node.only !== undefined) yield `\`x\` is not allowed: only ${node.only} is.`;
  if (node.kind === 'string' && node.prefix !== undefined) yield `\`x\` is not allowed: it must begin with ${node.prefix}.`;
  if (node.kind === 'enum') yield `\`x\` must be one of ${node.values.map((value) => `"${value}"`).join(', ')}.`;
  if (node.kind === 'array') yield* ofSchema(node.items, seen);
  if (node.kind === 'oneOf') for (const each of node.of) yield* ofSchema(each, seen);
  if (node.kind !== 'object') return;
  for (const name of node.exclusive?.flat() ?? []) yield `\`x\` must not stand beside \`${name}\`.`;
  if (node.requiredSets !== undefined) yield `\`x\` must have ${node.requiredSets.map((set) => set.join(', ')).join('; or ')}.`;
  for (const each of Object.values(node.fields)) yield* ofSchema(each, seen);
  if (node.rest !== undefined) yield* ofSchema(node.rest, seen);
}

const TYPES = /^FIELD must be (?:(?:string|number|integer|boolean|object|array|null)(?: or |(?=\.$)))*\.$/;

function skeleton(message: string): string {
  return message.replace(FIELD, 'FIELD').replace(/\d+/g, 'N');
}

function checkRefusal(error: Error, phrases: ReadonlySet<string>): void {
  must(error instanceof TallyError, `throws ${error.name}: ${error.message}`);
  must(CODES.has(error.code), `refuses with ${error.code}`);
  const said = skeleton(error.message);
  must(phrases.has(said) || TYPES.test(said), `says what no schema says: ${error.message}`);
  const { field, offset, ...others } = error.facts;
  must(Object.keys(others).length === 0 && (offset === undefined || Number.isSafeInteger(offset)), 'tells other facts');
  must(field === undefined || error.message.includes(`\`${String(field)}\``), 'names one field and tells another');
}
