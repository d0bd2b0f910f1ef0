import type { Node, ObjectNode } from '../../body/schema.ts';
import { CONTENT, oneOrMore } from './content-fields.ts';
import { requestWith } from './generate-fields.ts';
import { spelled } from './spelling.ts';

const model: Node = { kind: 'string', capture: 'model', bytesMax: 256 };

/** What `:countTokens` takes: contents alone, or a whole request, which must name the model of the path. */
export const COUNT_FIELDS: ObjectNode = spelled(
  { contents: oneOrMore(CONTENT), generateContentRequest: requestWith(model) },
  {
    requiredSets: [['contents'], ['generateContentRequest'], ['generate_content_request']],
    exclusive: [['contents', 'generateContentRequest', 'generate_content_request']],
  },
);
