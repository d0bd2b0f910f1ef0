/** Bodies as the official SDKs send them, for every dialect; mutations start from these. */
const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string', description: 'Grüße, 東京', enum: ['a', 'b'] },
    days: { type: 'integer', minimum: 1, maximum: 1e2 },
  },
  required: ['city'],
  additionalProperties: false,
};
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const CHAT = [
  { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello 🧾' }] },
  {
    model: 'gpt-4o-mini',
    stream: true,
    stream_options: { include_usage: true },
    max_completion_tokens: 256,
    n: 2,
    temperature: 0.7,
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'One' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"a"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '21 °C' },
    ],
    tools: [{ type: 'function', function: { name: 'weather', description: 'Tells it', parameters: SCHEMA, strict: true } }],
    tool_choice: 'auto',
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: SCHEMA, strict: true } },
    logit_bias: { '50256': -100 },
    stop: ['\n', 'END'],
    metadata: { job: 'x' },
  },
];

const RESPONSES = [
  { model: 'gpt-5', input: 'Hi' },
  {
    model: 'gpt-5',
    stream: true,
    instructions: 'Be kind.',
    max_output_tokens: 1000,
    reasoning: { effort: 'low', summary: 'auto' },
    text: { format: { type: 'json_schema', name: 'answer', schema: SCHEMA }, verbosity: 'low' },
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
        ],
      },
      { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'fine' },
    ],
    tools: [{ type: 'function', name: 'weather', parameters: SCHEMA, strict: false }],
    include: ['reasoning.encrypted_content'],
    store: false,
  },
];

const EMBEDDINGS = [
  { model: 'text-embedding-3-small', input: 'one text' },
  { model: 'text-embedding-3-small', input: ['a', 'b', ''], dimensions: 256, encoding_format: 'base64' },
  { model: 'text-embedding-3-small', input: [[1, 2, 3], [4]], user: 'u' },
];

const MESSAGES = [
  { model: 'claude-sonnet-4-5', max_tokens: 1024, messages: [{ role: 'user', content: 'Hello, Claude' }] },
  {
    model: 'claude-opus-4-1',
    max_tokens: 4096,
    stream: true,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '5m' } }],
    thinking: { type: 'enabled', budget_tokens: 1024 },
    metadata: { user_id: 'u' },
    stop_sequences: ['END'],
    temperature: 1,
    top_k: 5,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look', cache_control: { type: 'ephemeral' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
          { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'a' } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: '21' }], is_error: false }],
      },
    ],
    tools: [{ name: 'weather', description: 'Tells it', input_schema: SCHEMA }],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  },
];

const GENERATE = [
  { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
  {
    systemInstruction: { role: 'user', parts: [{ text: 'Be brief.' }] },
    contents: [
      { role: 'user', parts: [{ text: 'Look' }, { inlineData: { mimeType: 'image/png', data: PNG } }] },
      { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'a' } }, thoughtSignature: 'c2ln' }] },
      { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: 21.5 } } }] },
    ],
    tools: [{ functionDeclarations: [{ name: 'weather', description: 'Tells it', parameters: SCHEMA }] }],
    toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    generationConfig: {
      maxOutputTokens: 256,
      candidateCount: 1,
      temperature: 0.5,
      thinkingConfig: { thinkingBudget: 0 },
      responseMimeType: 'text/plain',
    },
  },
  { content: { parts: [{ text: 'embed me' }] }, taskType: 'RETRIEVAL_QUERY', outputDimensionality: 256 },
  { requests: [{ model: 'models/gemini-embedding-001', content: { parts: [{ text: 'a' }] } }] },
];

export const BODIES: readonly unknown[] = [...CHAT, ...RESPONSES, ...EMBEDDINGS, ...MESSAGES, ...GENERATE];

/** Usage objects of every dialect, and of servers that only speak one. */
export const USAGES: readonly unknown[] = [
  {
    prompt_tokens: 9,
    completion_tokens: 12,
    total_tokens: 21,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 5 },
  },
  {
    input_tokens: 36,
    input_tokens_details: { cached_tokens: 6 },
    output_tokens: 87,
    output_tokens_details: { reasoning_tokens: 50 },
    total_tokens: 123,
  },
  { prompt_tokens: 8, total_tokens: 8 },
  {
    input_tokens: 10,
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 5,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 7,
    service_tier: 'standard',
  },
  {
    promptTokenCount: 12,
    cachedContentTokenCount: 2,
    candidatesTokenCount: 5,
    thoughtsTokenCount: 8,
    toolUsePromptTokenCount: 1,
    totalTokenCount: 26,
  },
];

/** What operators declare of models. */
export const DECLARED: readonly unknown[] = [
  { 'llama3.2': { window: 8192, maxOutput: 4096, tokenizer: 'byte_bpe', endpoints: ['chat'] } },
  {
    'qwen3:8b': {
      window: 40_960,
      maxOutput: 8192,
      endpoints: ['chat', 'responses'],
      prices: { input: '2500000', cached_input: '1250000', output: '10000000' },
    },
    nomic: { window: 2048, maxOutput: 0, endpoints: ['embeddings'] },
  },
  { m: { window: 1, maxOutput: 1, tokenizer: 'unknown', endpoints: ['messages', 'generate'], prices: { input: 0, output: 1 } } },
];

/** Error bodies of every dialect. `KEY` stands where providers have been seen to quote the key. */
export const UPSTREAM_ERRORS: readonly unknown[] = [
  {
    error: {
      message: 'Incorrect API key provided: KEY. You can find your API key at https://example.com.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    },
  },
  { type: 'error', error: { type: 'invalid_request_error', message: 'max_tokens: KEY is too large' }, request_id: 'req_1' },
  {
    error: {
      code: 400,
      message: 'API key KEY not valid.',
      status: 'INVALID_ARGUMENT',
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'KEY' }],
    },
  },
  [
    {
      error: {
        code: 429,
        message: 'Quota KEY',
        status: 'RESOURCE_EXHAUSTED',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3s' }],
      },
    },
  ],
  { error: 'KEY' },
  { message: 'KEY', detail: [{ loc: ['body'], msg: 'KEY' }] },
];
