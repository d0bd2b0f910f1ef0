import type { Message } from './proto.ts';

/**
 * The messages of `google.ai.generativelanguage.v1beta` that a request is made of, as far as the sandbox knows their fields. What it
 * does not do is listed too, as `json`: the real API knows the name, so the refusal must be another one.
 */

export const BLOB = { name: 'Blob', fields: { mimeType: 'string', data: 'bytes', displayName: 'string' } } as const satisfies Message;

export const FUNCTION_CALL = { name: 'FunctionCall', fields: { id: 'string', name: 'string', args: 'json' } } as const satisfies Message;

const FUNCTION_RESPONSE_PART = {
  name: 'FunctionResponsePart',
  fields: { inlineData: () => BLOB, fileData: 'json' },
} as const satisfies Message;

export const FUNCTION_RESPONSE = {
  name: 'FunctionResponse',
  fields: {
    id: 'string',
    name: 'string',
    response: 'json',
    parts: { list: () => FUNCTION_RESPONSE_PART },
    willContinue: 'bool',
    scheduling: 'string',
  },
} as const satisfies Message;

export const PART = {
  name: 'Part',
  fields: {
    text: 'string',
    inlineData: () => BLOB,
    functionCall: () => FUNCTION_CALL,
    functionResponse: () => FUNCTION_RESPONSE,
    thought: 'bool',
    thoughtSignature: 'bytes',
    partMetadata: 'json',
    mediaResolution: 'json',
    fileData: 'json',
    executableCode: 'json',
    codeExecutionResult: 'json',
    toolCall: 'json',
    toolResponse: 'json',
    videoMetadata: 'json',
    mediaProcessing: 'json',
    audioTranscription: 'json',
    speechMetadata: 'json',
  },
} as const satisfies Message;

export const CONTENT = { name: 'Content', fields: { role: 'string', parts: { list: () => PART } } } as const satisfies Message;

const TYPES = ['TYPE_UNSPECIFIED', 'STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL'];

/** Contains itself, so what is read of it has no closer type. */
export const SCHEMA: Message = {
  name: 'Schema',
  fields: {
    type: { enum: 'Type', values: TYPES },
    format: 'string',
    title: 'string',
    description: 'string',
    nullable: 'bool',
    enum: { list: 'string' },
    items: () => SCHEMA,
    minItems: 'int64',
    maxItems: 'int64',
    properties: { map: () => SCHEMA },
    propertyOrdering: { list: 'string' },
    required: { list: 'string' },
    minProperties: 'int64',
    maxProperties: 'int64',
    minimum: 'float',
    maximum: 'float',
    minLength: 'int64',
    maxLength: 'int64',
    pattern: 'string',
    anyOf: { list: () => SCHEMA },
    default: 'json',
    example: 'json',
  },
};

export const FUNCTION_DECLARATION = {
  name: 'FunctionDeclaration',
  fields: {
    name: 'string',
    description: 'string',
    behavior: 'string',
    parameters: () => SCHEMA,
    parametersJsonSchema: 'json',
    response: () => SCHEMA,
    responseJsonSchema: 'json',
  },
} as const satisfies Message;

export const TOOL = {
  name: 'Tool',
  fields: {
    functionDeclarations: { list: () => FUNCTION_DECLARATION },
    googleSearch: 'json',
    googleSearchRetrieval: 'json',
    codeExecution: 'json',
    urlContext: 'json',
    computerUse: 'json',
    fileSearch: 'json',
    googleMaps: 'json',
    mcpServers: 'json',
  },
} as const satisfies Message;

const FUNCTION_CALLING_CONFIG = {
  name: 'FunctionCallingConfig',
  fields: {
    mode: { enum: 'FunctionCallingConfig.Mode', values: ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'] },
    allowedFunctionNames: { list: 'string' },
  },
} as const satisfies Message;

export const TOOL_CONFIG = {
  name: 'ToolConfig',
  fields: { functionCallingConfig: () => FUNCTION_CALLING_CONFIG, retrievalConfig: 'json', includeServerSideToolInvocations: 'bool' },
} as const satisfies Message;

const THINKING_CONFIG = {
  name: 'ThinkingConfig',
  fields: {
    includeThoughts: 'bool',
    thinkingBudget: 'int32',
    thinkingLevel: { enum: 'ThinkingConfig.ThinkingLevel', values: ['THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] },
  },
} as const satisfies Message;

export const GENERATION_CONFIG = {
  name: 'GenerationConfig',
  fields: {
    candidateCount: 'int32',
    stopSequences: { list: 'string' },
    maxOutputTokens: 'int32',
    temperature: 'float',
    topP: 'float',
    topK: 'int32',
    seed: 'int32',
    presencePenalty: 'float',
    frequencyPenalty: 'float',
    responseMimeType: 'string',
    responseSchema: () => SCHEMA,
    responseJsonSchema: 'json',
    thinkingConfig: () => THINKING_CONFIG,
    responseModalities: {
      list: { enum: 'GenerationConfig.Modality', values: ['MODALITY_UNSPECIFIED', 'TEXT', 'IMAGE', 'AUDIO', 'VIDEO'] },
    },
    mediaResolution: 'string',
    enableEnhancedCivicAnswers: 'bool',
    responseLogprobs: 'bool',
    logprobs: 'int32',
    speechConfig: 'json',
    imageConfig: 'json',
    audioTranscriptionConfig: 'json',
  },
} as const satisfies Message;

const SAFETY_SETTING = { name: 'SafetySetting', fields: { category: 'string', threshold: 'string' } } as const satisfies Message;

export const GENERATE_REQUEST = {
  name: 'GenerateContentRequest',
  fields: {
    model: 'string',
    contents: { list: () => CONTENT },
    systemInstruction: () => CONTENT,
    tools: { list: () => TOOL },
    toolConfig: () => TOOL_CONFIG,
    safetySettings: { list: () => SAFETY_SETTING },
    generationConfig: () => GENERATION_CONFIG,
    cachedContent: 'string',
    serviceTier: 'string',
    store: 'bool',
    continuationToken: 'json',
  },
} as const satisfies Message;

export const COUNT_REQUEST = {
  name: 'CountTokensRequest',
  fields: { model: 'string', contents: { list: () => CONTENT }, generateContentRequest: () => GENERATE_REQUEST },
} as const satisfies Message;

export const EMBED_REQUEST = {
  name: 'EmbedContentRequest',
  fields: { model: 'string', content: () => CONTENT, taskType: 'string', title: 'string', outputDimensionality: 'int32' },
} as const satisfies Message;

export const BATCH_EMBED_REQUEST = {
  name: 'BatchEmbedContentsRequest',
  fields: { model: 'string', requests: { list: () => EMBED_REQUEST } },
} as const satisfies Message;
