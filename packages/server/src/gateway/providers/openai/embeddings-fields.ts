import type { ObjectNode } from '../../body/schema.ts';
import { array, INTEGER, MODEL, object, oneOf, STRING, STRING_OR_NULL, values } from '../nodes.ts';

const tokens = array({ kind: 'integer', min: 0 }, { min: 1 });

/** What `POST /v1/embeddings` takes: a text, texts, a list of token ids, or several such lists. */
export const EMBEDDINGS_FIELDS: ObjectNode = object(
  {
    model: MODEL,
    input: oneOf(
      { kind: 'string', tally: 'inputs' },
      array(oneOf(STRING, { kind: 'integer', min: 0 }, tokens), { min: 1, max: 1_000_000, count: 'inputs' }),
    ),
    dimensions: INTEGER,
    encoding_format: values('float', 'base64'),
    user: STRING_OR_NULL,
  },
  { required: ['model', 'input'] },
);
