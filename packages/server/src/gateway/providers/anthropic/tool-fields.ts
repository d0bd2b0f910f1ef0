import type { Node, ObjectNode } from '../../body/schema.ts';
import { ANY, array, BOOLEAN, FUNCTIONS_ONLY, forbidden, INTEGER, object, STRING, values } from '../nodes.ts';
import { CACHE_CONTROL } from './content-fields.ts';

/**
 * Tools that the caller runs, with definitions of the provider's own. These are input like any other, within the window and within a
 * count, but not within the body's bytes.
 */
const CALLER_RUN = [
  'bash_20250124',
  'text_editor_20250124',
  'text_editor_20250429',
  'text_editor_20250728',
  'memory_20250818',
  'computer_20250124',
  'computer_20251124',
  'computer_toolset_20260801',
  'browser_toolset_20260801',
];

const member = object({ enabled: BOOLEAN, defer_loading: BOOLEAN }, { nullable: true });

const fields: Readonly<Record<string, Node>> = {
  type: {
    kind: 'enum',
    values: ['custom', ...CALLER_RUN],
    nullable: true,
    reason: FUNCTIONS_ONLY,
    tallyOf: Object.fromEntries(CALLER_RUN.map((type) => [type, 'opaque'])),
  },
  name: STRING,
  description: STRING,
  input_schema: ANY,
  input_examples: ANY,
  strict: BOOLEAN,
  eager_input_streaming: BOOLEAN,
  // Without a server's tool search only the caller's own `tool_reference` loads such a tool, and that is counted there.
  defer_loading: BOOLEAN,
  allowed_callers: array({ kind: 'enum', values: ['direct'], reason: FUNCTIONS_ONLY }),
  cache_control: CACHE_CONTROL,
  max_characters: INTEGER,
  display_width_px: INTEGER,
  display_height_px: INTEGER,
  display_number: INTEGER,
  enable_zoom: BOOLEAN,
  configs: object({}, { rest: member, nullable: true }),
  mcp_server_name: forbidden(FUNCTIONS_ONLY),
};

export const TOOL: ObjectNode = object(fields, { requiredSets: [['name'], ['type']], tally: 'tools' });

export const TOOL_CHOICE: ObjectNode = object(
  { type: values('auto', 'any', 'tool', 'none'), name: STRING, disable_parallel_tool_use: BOOLEAN },
  { required: ['type'] },
);
