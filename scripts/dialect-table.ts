/** What the gateway takes from each provider's SDK, and refuses, read from its own tables: docs/reference/dialects.md. */
import { MESSAGE_FRAME_TOKENS, TOOL_FRAME_TOKENS } from '../packages/core/src/bounds/limits.ts';
import { ERRORS, type ErrorCode, TallyError } from '../packages/core/src/errors.ts';
import { KEY_HEADERS } from '../packages/server/src/gateway/principals.ts';
import { BETAS_ALLOWED, BETAS_REFUSED } from '../packages/server/src/gateway/providers/anthropic/betas.ts';
import { ANTHROPIC, VERSIONS } from '../packages/server/src/gateway/providers/anthropic/dialect.ts';
import type { Dialect, DialectName } from '../packages/server/src/gateway/providers/dialect.ts';
import type { EndpointSpec, Plan } from '../packages/server/src/gateway/providers/endpoint.ts';
import { GOOGLE } from '../packages/server/src/gateway/providers/google/dialect.ts';
import { OPENAI } from '../packages/server/src/gateway/providers/openai/dialect.ts';
import { KEY_NAMES } from '../packages/server/src/gateway/query.ts';
import { CALL_ROUTES } from '../packages/server/src/gateway/routes.ts';
import { RENDERED_FACTOR, RENDERED_FACTOR_OPENAI, SCHEMA_FIELDS } from '../packages/server/src/gateway/text-bytes.ts';
import { fieldSections } from './field-table.ts';
import { listed } from './field-words.ts';
import { code, table } from './markdown.ts';

const DIALECTS: readonly (readonly [string, Dialect])[] = [
  ['OpenAI', OPENAI],
  ['Anthropic', ANTHROPIC],
  ['Google', GOOGLE],
];
/** Routes that send nothing upstream. */
const LISTS: Readonly<Record<DialectName, readonly string[]>> = {
  openai: ['/v1/models', '/v1/models/{model}'],
  anthropic: ['/v1/models', '/v1/models/{model}'],
  google: ['/v1beta/models', '/v1beta/models/{model}'],
};
const REMARKS: Readonly<Record<DialectName, string>> = {
  openai: 'An `anthropic-version`, `x-api-key` or `x-goog-api-key` header turns `/v1/models` into the other dialect’s list.',
  anthropic: '`/v1/models` is answered so where the request has `anthropic-version` or `x-api-key`.',
  google: [
    'Each path stands under `/v1` as well; `/v1/models` alone is answered so where the request has `x-goog-api-key` and none of Anthropic’s headers.',
    '`streamGenerateContent` needs the query `alt=sse`; the others take no other form than `alt=json`, which may be left out.',
    'Every field below may be written in snake_case too (`system_instruction`), but not in both spellings, unless that spelling is listed as refused.',
  ].join('\n'),
};
const LEGEND = `A body may hold the fields that are listed for its route and no other; what is not listed is refused with \`FIELD_NOT_ALLOWED\`, which
names the field, before anything is held. A field that is **refused** by name may be \`null\` where the table says so. In a path \`[]\` stands for
each element of a list, \`*\` for each name. Where "What policy does" is empty, the value goes upstream byte for byte and changes no bound
but by its length. The bytes of ${[...SCHEMA_FIELDS].map(code).join(', ')}, and of what is
marked *rendered*, count ${RENDERED_FACTOR_OPENAI} times for OpenAI's own models and ${RENDERED_FACTOR} times elsewhere, since providers write them anew before the model reads them.

| Word | What it adds to the bound |
| --- | --- |
| *message* | ${MESSAGE_FRAME_TOKENS} tokens of framing |
| *tool* | ${TOOL_FRAME_TOKENS} tokens of framing |
| *input* | one pass of an embedding model: its window, or its bytes and ${MESSAGE_FRAME_TOKENS} tokens |
| *image* | the most that the model's provider bills for any image; where that is not documented, no bound rests on bytes |
| *opaque* | its bytes do not bound it: only the window, or the provider's own count |`;
const MODEL = '{model}';
const SAMPLE = { callId: '<call id>', tokens: 1n } as const;

/** Everything but the hand-written introduction of the page. */
export function dialectPage(): string {
  return [
    '## Every dialect',
    common(),
    '### How to read the tables of fields',
    LEGEND,
    '### Errors',
    errorsTable(),
    ...DIALECTS.flatMap(([title, dialect]) => [`## ${title}`, ...chapter(title, dialect)]),
  ].join('\n\n');
}

function common(): string {
  return table(
    ['What', 'Where'],
    [
      ['The virtual key', ['`authorization: Bearer …`', ...KEY_HEADERS.map(code)].join(', or ')],
      ['Refused in a URL (`KEY_IN_URL`)', [...KEY_NAMES].map(code).join(' ')],
    ],
  );
}

function chapter(title: string, dialect: Dialect): string[] {
  const specs = CALL_ROUTES.filter((spec) => spec.dialect === dialect);
  return [
    `### Routes of ${title}`,
    routesTable(specs, LISTS[dialect.name]),
    REMARKS[dialect.name],
    `### Headers of ${title}`,
    headersTable(dialect),
    ...(dialect === ANTHROPIC ? ['### Betas of Anthropic', betasTable()] : []),
    `### An error of ${title}`,
    errorSample(dialect),
    ...fieldSections(specs).flatMap(({ heading, text }) => [heading, text]),
  ];
}

function routesTable(specs: readonly EndpointSpec[], lists: readonly string[]): string {
  const calls = specs.map((spec) => [
    code(`POST ${spec.route}`),
    code(`POST ${upstreamOf(spec)}`),
    code(spec.endpoint),
    spec.isFree ? 'nothing: a hold of 0' : 'what is metered',
  ]);
  const reads = lists.map((route) => [code(`GET ${route}`), 'answered here', '', 'nothing']);
  return table(['Route', 'Upstream, under the source’s base URL', 'The model must serve', 'Costs'], [...calls, ...reads]);
}

/** The path depends on nothing of a plan but its model. */
function upstreamOf(spec: EndpointSpec): string {
  return decodeURIComponent(spec.upstreamPath({ model: MODEL } as Plan));
}

function headersTable(dialect: Dialect): string {
  const [secret] = dialect.secretHeader('');
  const passed = dialect === ANTHROPIC ? [`\`anthropic-version\`: ${VERSIONS.map(code).join(' or ')}`, '`anthropic-beta`: see below'] : [];
  const names = (headers: Readonly<Record<string, string>>) => Object.keys(headers).map(code).join(' ');
  const limits = names(dialect.limitHeaders(SAMPLE.tokens, SAMPLE.tokens));
  return table(
    ['What', 'Headers'],
    [
      ['Passed on from the caller', passed.length === 0 ? 'none' : passed.join('<br>')],
      ['The source’s secret goes upstream in', code(secret)],
      ['The call’s id comes back in', `${names(dialect.idHeaders(SAMPLE.callId))} and \`x-tally-call-id\``],
      ['What is left under the tightest cap comes back in', limits === '' ? 'none: the dialect has no such header' : limits],
    ],
  );
}

function betasTable(): string {
  const refused = Map.groupBy(BETAS_REFUSED, ([, reason]) => reason);
  return table(
    ['In `anthropic-beta`', 'Is'],
    [
      [listed([...BETAS_ALLOWED]), 'passed on'],
      ...[...refused].map(([reason, betas]) => [betas.map(([start]) => code(`${start}…`)).join(' '), `**refused**: ${reason}`]),
      ['any other', '**refused**: what it does to the cost of a call is not known here'],
    ],
  );
}

type Said = { readonly error: { readonly type?: string; readonly status?: string } };

/** One row for each status: in each dialect the word for it follows from the status alone. */
function errorsTable(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const rows = Map.groupBy(codes, (each) => [ERRORS[each].status, ...DIALECTS.map(([, dialect]) => wordOf(dialect, each))].join());
  const cells = [...rows.values()].map(([first = 'INTERNAL', ...more]): readonly [number, ...string[]] => [
    ERRORS[first].status,
    ...DIALECTS.map(([, dialect]) => code(wordOf(dialect, first))),
    [first, ...more].map(code).join(' '),
  ]);
  const sorted = cells.sort(([a], [b]) => a - b).map(([status, ...rest]) => [String(status), ...rest]);
  return table(['Status', 'OpenAI `error.type`', 'Anthropic `error.type`', 'Google `error.status`', 'Our codes'], sorted);
}

function wordOf(dialect: Dialect, each: ErrorCode): string {
  const { error } = dialect.errorBody(new TallyError(each), null) as Said;
  return error.status ?? error.type ?? '';
}

function errorSample(dialect: Dialect): string {
  const error = new TallyError('FIELD_NOT_ALLOWED', '`field` is not allowed: reason.', { field: 'field' });
  return ['```json', JSON.stringify(dialect.errorBody(error, SAMPLE.callId), null, 2), '```'].join('\n');
}
