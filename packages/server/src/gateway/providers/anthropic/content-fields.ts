import type { Node, ObjectNode } from '../../body/schema.ts';
import {
  ANY,
  array,
  BOOLEAN,
  FUNCTIONS_ONLY,
  forbidden,
  INTEGER,
  object,
  oneOf,
  REMOTE,
  REWRITTEN,
  STRING,
  STRING_OR_NULL,
  values,
} from '../nodes.ts';

/** Longer caching costs more per token written; the tariff has a price of its own for it. */
export const CACHE_CONTROL: Node = object({ type: values('ephemeral'), ttl: values('5m', '1h') }, { nullable: true });

/** Who has called a tool: the model itself, or a server tool on its behalf. */
const caller = object({ type: { kind: 'enum', values: ['direct'], reason: FUNCTIONS_ONLY } }, { nullable: true });

const citation = object({
  type: {
    kind: 'enum',
    values: ['char_location', 'page_location', 'content_block_location', 'search_result_location'],
    reason: FUNCTIONS_ONLY,
  },
  cited_text: STRING,
  source: STRING,
  title: STRING_OR_NULL,
  document_title: STRING_OR_NULL,
  document_index: INTEGER,
  search_result_index: INTEGER,
  start_char_index: INTEGER,
  end_char_index: INTEGER,
  start_page_number: INTEGER,
  end_page_number: INTEGER,
  start_block_index: INTEGER,
  end_block_index: INTEGER,
  // Answers carry it as null where the document was not a stored file, and callers pass answers back.
  file_id: forbidden(REMOTE),
});

/** Of a text block: what it cites. Of a document or search result: whether it may be cited. */
const citations = oneOf(array(citation), object({ enabled: BOOLEAN }, { nullable: true, tally: 'citations' }));

const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
/** A text document stands in the same field as base64 data, so its bytes are not counted as text either. */
const DOCUMENTS = ['application/pdf', 'text/plain'];

const sourceOf = (content: Node): ObjectNode =>
  object(
    {
      type: { kind: 'enum', values: ['base64', 'text', 'content'], reason: REMOTE, tallyOf: { text: 'opaque' } },
      media_type: {
        kind: 'enum',
        values: [...IMAGES, ...DOCUMENTS],
        tallyOf: Object.fromEntries([...IMAGES.map((type) => [type, 'images']), ...DOCUMENTS.map((type) => [type, 'opaque'])]),
      },
      data: { kind: 'string', media: true },
      content,
      url: forbidden(REMOTE),
      file_id: forbidden(REMOTE),
    },
    // Data whose kind is not told would be in no count.
    { required: ['type'], requiredSets: [['media_type', 'data'], ['content']], exclusive: [['data', 'content']] },
  );

const common: Readonly<Record<string, Node>> = { text: STRING, citations, cache_control: CACHE_CONTROL };
const image: Readonly<Record<string, Node>> = {
  transformations: object({ oversized_image: values('downsize', 'error') }, { nullable: true }),
};

const typed = (
  types: readonly string[],
  reason: string,
  fields: Readonly<Record<string, Node>>,
  opaque: readonly string[] = [],
): ObjectNode =>
  object(
    { type: { kind: 'enum', values: types, reason, tallyOf: Object.fromEntries(opaque.map((type) => [type, 'opaque'])) }, ...fields },
    { required: ['type'], tally: 'messages' },
  );

/** Blocks of the system prompt, and of search results. */
export const TEXT_BLOCK: ObjectNode = typed(['text'], 'only text can stand here', common);

const leafSource = sourceOf(forbidden('a document stands in no other'));
const leaf = typed(['text', 'image'], 'only text and images can stand here', { ...common, ...image, source: leafSource });

const shared: Readonly<Record<string, Node>> = {
  ...common,
  ...image,
  // A search result names its source in words; nothing is fetched.
  source: oneOf(STRING, sourceOf(oneOf(STRING, array(leaf)))),
  title: STRING_OR_NULL,
  context: STRING_OR_NULL,
};

const RESULTS = ['text', 'image', 'document', 'search_result', 'tool_reference', 'browser_state'];
// The provider writes the definition of the tool, or its own words on the browser, in the place of these.
const RENDERED = ['tool_reference', 'browser_state'];
const result = typed(
  RESULTS,
  FUNCTIONS_ONLY,
  { ...shared, content: array(TEXT_BLOCK), tool_name: STRING, tabs: ANY, state_changes: ANY },
  RENDERED,
);

const BLOCKS = ['text', 'image', 'document', 'search_result', 'thinking', 'redacted_thinking', 'tool_use', 'tool_result'];
/** An open server tool call at the end of the history would be carried out by the provider. */
const HISTORY = 'what server tools, connectors, containers or compaction have left in a history has no bound; function calls are fine';

/** A content block of a message. What encrypted thinking stands for in tokens its bytes do not tell. */
export const BLOCK: ObjectNode = typed(
  BLOCKS,
  HISTORY,
  {
    ...shared,
    id: STRING,
    name: STRING,
    input: REWRITTEN,
    caller,
    toolset_name: STRING_OR_NULL,
    tool_use_id: STRING,
    is_error: BOOLEAN,
    content: oneOf(STRING, array(result)),
    thinking: STRING,
    signature: STRING,
    data: STRING,
    file_id: forbidden(REMOTE),
  },
  ['thinking', 'redacted_thinking'],
);
