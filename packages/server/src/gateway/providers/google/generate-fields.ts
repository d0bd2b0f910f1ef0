import type { Node, ObjectNode } from '../../body/schema.ts';
import {
  ANY,
  allForbidden,
  array,
  BOOLEAN,
  forbidden,
  INTEGER,
  NUMBER,
  OTHER_PRICE,
  object,
  outputLimit,
  STORED_STATE,
  STRING,
  STRING_OR_NULL,
  TEXT_ONLY,
} from '../nodes.ts';
import { CONTENT, MEDIA_RESOLUTION, oneOrMore } from './content-fields.ts';
import { camelOnly, spelled } from './spelling.ts';
import { TOOL, TOOL_CONFIG } from './tool-fields.ts';

const SCHEMA: Node = { kind: 'any', tally: 'tools' };
const OTHER_OUTPUT = 'only text comes back at a price that is known before the call';

const generationConfig = spelled(
  {
    temperature: NUMBER,
    topP: NUMBER,
    topK: NUMBER,
    seed: INTEGER,
    stopSequences: array(STRING, { nullable: true }),
    presencePenalty: NUMBER,
    frequencyPenalty: NUMBER,
    responseLogprobs: BOOLEAN,
    logprobs: INTEGER,
    responseMimeType: STRING_OR_NULL,
    responseSchema: SCHEMA,
    responseJsonSchema: SCHEMA,
    responseFormat: array(
      spelled({
        text: spelled({ mimeType: STRING, schema: ANY }, { tally: 'tools' }),
        ...allForbidden(OTHER_OUTPUT, 'audio', 'image', 'video'),
      }),
    ),
    responseModalities: array({ kind: 'enum', values: ['TEXT'], reason: OTHER_OUTPUT }),
    mediaResolution: MEDIA_RESOLUTION,
    // No bound: only `maxOutputTokens` is one. It may be any number, −1 included.
    thinkingConfig: spelled({ includeThoughts: BOOLEAN, thinkingBudget: INTEGER, thinkingLevel: STRING_OR_NULL }),
    ...allForbidden(OTHER_OUTPUT, 'speechConfig', 'imageConfig', 'audioTranscriptionConfig', 'translationConfig'),
    ...allForbidden(TEXT_ONLY, 'audioTimestamp', 'enableAffectiveDialog'),
    ...allForbidden('another model would answer at another price', 'modelSelectionConfig', 'routingConfig'),
    enableEnhancedCivicAnswers: forbidden('the provider would fetch more than is in the request'),
    ...camelOnly({
      maxOutputTokens: outputLimit('maxOutputTokens'),
      candidateCount: { kind: 'integer', min: 1, max: 128, nullable: true, capture: 'n' },
    }),
  },
  { nullable: true, spans: true },
);

/** A whole request; `model` is what its field of that name takes. */
export const requestWith = (model: Node): ObjectNode =>
  spelled(
    {
      model,
      contents: oneOrMore(CONTENT),
      systemInstruction: CONTENT,
      tools: array(TOOL),
      toolConfig: TOOL_CONFIG,
      safetySettings: array(spelled({ category: STRING, threshold: STRING })),
      serviceTier: { kind: 'enum', values: ['standard', 'unspecified'], reason: OTHER_PRICE },
      labels: object({}, { rest: STRING }),
      store: BOOLEAN,
      ...allForbidden(STORED_STATE, 'cachedContent', 'continuationToken'),
      ...camelOnly({ generationConfig }),
    },
    { required: ['contents'] },
  );

/** What `:generateContent` and `:streamGenerateContent` take under a cap. */
export const GENERATE_FIELDS: ObjectNode = requestWith({ kind: 'forbidden', reason: 'the model is named in the path alone' });
