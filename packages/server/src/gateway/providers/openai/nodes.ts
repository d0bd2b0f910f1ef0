import type { Node } from '../../body/schema.ts';
import { BOOLEAN, INTEGER, MODEL, NUMBER, OTHER_PRICE, object, oneOf, REMOTE, STREAM, STRING, STRING_OR_NULL, values } from '../nodes.ts';

/** Fields that every text endpoint of the dialect takes and that change no token count. */
export const COMMON: Readonly<Record<string, Node>> = {
  model: MODEL,
  metadata: object({}, { rest: STRING, nullable: true }),
  parallel_tool_calls: BOOLEAN,
  prompt_cache_key: STRING_OR_NULL,
  safety_identifier: STRING_OR_NULL,
  service_tier: { kind: 'enum', values: ['auto', 'default'], nullable: true, reason: OTHER_PRICE },
  store: BOOLEAN,
  stream: STREAM,
  temperature: NUMBER,
  top_p: NUMBER,
  top_logprobs: INTEGER,
  user: STRING_OR_NULL,
};

const toolChoice = object({ type: values('function'), name: STRING, function: object({ name: STRING }) });
export const TOOL_CHOICE: Node = oneOf(values('none', 'auto', 'required'), toolChoice);

/**
 * An image as a data URL. The prefix ends before the slash, which some JSON writers escape (`data:image\/png`); the scheme alone decides
 * that nothing is fetched.
 */
export const IMAGE_URL: Node = { kind: 'string', nullable: true, prefix: 'data:image', reason: REMOTE, media: true, tally: 'images' };
/** `original` is left out: images at full size are billed beyond what the price of one image is known for. */
export const IMAGE_DETAIL: Node = {
  kind: 'enum',
  values: ['low', 'auto', 'high'],
  nullable: true,
  reason: 'what an image at full size is billed is not known before the call',
};
export const TEXT_OR_IMAGE = 'only text and images can be bounded before the call here';
