import type { Node, ObjectNode } from '../../body/schema.ts';
import { array, INTEGER, STRING_OR_NULL } from '../nodes.ts';
import { EMBEDDED } from './content-fields.ts';
import { spelled } from './spelling.ts';

/** It must be the model of the path, in each request of a batch. */
const model: Node = { kind: 'string', capture: 'model', same: true, bytesMax: 256 };

const fields: Readonly<Record<string, Node>> = {
  model,
  content: EMBEDDED,
  taskType: STRING_OR_NULL,
  title: STRING_OR_NULL,
  outputDimensionality: INTEGER,
};

/** What `:embedContent` takes. */
export const EMBED_FIELDS: ObjectNode = spelled(fields, { required: ['content'] });

/** What `:batchEmbedContents` takes: what the official SDK sends for one content, too. */
export const BATCH_EMBED_FIELDS: ObjectNode = spelled(
  { requests: array(spelled(fields, { required: ['model', 'content'] }), { min: 1 }) },
  { required: ['requests'] },
);
