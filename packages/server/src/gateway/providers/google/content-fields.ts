import type { Node, ObjectNode } from '../../body/schema.ts';
import {
  ANY,
  allForbidden,
  array,
  BOOLEAN,
  FUNCTIONS_ONLY,
  forbidden,
  NUMBER,
  object,
  oneOf,
  REMOTE,
  REWRITTEN,
  STRING,
  STRING_OR_NULL,
  values,
} from '../nodes.ts';
import { spelled } from './spelling.ts';

/** What can be sent inline. What one image is billed is known; what the others are in tokens, neither their bytes nor a price tells. */
const IMAGES = ['png', 'jpeg', 'webp', 'heic', 'heif'].map((type) => `image/${type}`);
const OTHERS = [
  // It may hold many pictures.
  'image/gif',
  'application/pdf',
  'application/json',
  ...['wav', 'x-wav', 'mp3', 'mpeg', 'mp4', 'm4a', 'aiff', 'aac', 'ogg', 'opus', 'flac', 'webm', 'pcm', 'l16'].map(
    (type) => `audio/${type}`,
  ),
  ...['mp4', 'mpeg', 'mpg', 'mov', 'quicktime', 'avi', 'x-flv', 'webm', 'wmv', '3gpp'].map((type) => `video/${type}`),
  ...['plain', 'html', 'css', 'csv', 'markdown', 'md', 'xml', 'rtf', 'javascript', 'x-python'].map((type) => `text/${type}`),
];

const mimeType: Node = {
  kind: 'enum',
  values: [...IMAGES, ...OTHERS],
  reason: 'what media of this type are billed is not known',
  tallyOf: Object.fromEntries([...IMAGES.map((type) => [type, 'images']), ...OTHERS.map((type) => [type, 'opaque'])]),
};

const inlineData = spelled(
  { mimeType, data: { kind: 'string', media: true }, displayName: STRING },
  // Data whose kind is not told would be in no count.
  {
    requiredSets: [
      ['mimeType', 'data'],
      ['mime_type', 'data'],
    ],
  },
);

/** The facts' most that an image is billed is that of the highest of these; a level that is not here may be higher. */
export const MEDIA_RESOLUTION: Node = {
  kind: 'enum',
  values: ['UNSPECIFIED', 'LOW', 'MEDIUM', 'HIGH', 'ULTRA_HIGH'].map((level) => `MEDIA_RESOLUTION_${level}`),
  reason: 'what an image at this resolution is billed is not known before the call',
};

const media: Readonly<Record<string, Node>> = {
  inlineData,
  fileData: forbidden(REMOTE),
  mediaProcessing: {
    kind: 'enum',
    values: ['MEDIA_PROCESSING_UNSPECIFIED', 'STATIC'],
    reason: 'the model would look at the media again and again, without a bound',
  },
};

const functionCall = spelled({ id: STRING, name: STRING, args: REWRITTEN });
const functionResponse = spelled({
  id: STRING,
  name: STRING,
  response: REWRITTEN,
  parts: array(spelled(media, { tally: 'messages' })),
  scheduling: STRING,
  willContinue: BOOLEAN,
});

const part = spelled(
  {
    text: STRING,
    thought: BOOLEAN,
    // Encrypted thoughts: what they stand for in tokens their bytes do not tell.
    thoughtSignature: { kind: 'string', tally: 'opaque' },
    functionCall,
    functionResponse,
    ...media,
    mediaResolution: spelled({ level: MEDIA_RESOLUTION, numTokens: forbidden('it sets what an image is billed') }),
    videoMetadata: spelled({ startOffset: STRING, endOffset: STRING, fps: NUMBER }),
    partMetadata: object({}, { rest: ANY }),
    ...allForbidden(FUNCTIONS_ONLY, 'executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'),
  },
  { tally: 'messages' },
);

/** Google's own examples write a list of one as the one alone, and its servers take it so. */
export const oneOrMore = (node: ObjectNode): Node => oneOf(array(node, { min: 1 }), node);

export const CONTENT: ObjectNode = spelled(
  { role: values('user', 'model', 'function', 'system'), parts: oneOrMore(part) },
  { required: ['parts'], tally: 'messages' },
);

const text = spelled(
  { text: STRING_OR_NULL, inlineData: forbidden('only text can be bounded before the call here'), fileData: forbidden(REMOTE) },
  { tally: 'inputs' },
);

/** What is turned into a vector. Each part counts as an input of its own: that all parts of a content share one limit is not documented. */
export const EMBEDDED: ObjectNode = spelled({ role: values('user'), parts: oneOrMore(text) }, { required: ['parts'] });
