/** Streams as providers send them; mutations start from these. */
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (type: string, more: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

const chunk = (choices: unknown, more: object = { usage: null }): string =>
  data({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o', choices, ...more });
const delta = (delta: object, reason: string | null = null, index = 0): unknown => [
  { index, delta, logprobs: null, finish_reason: reason },
];
const CHAT_USAGE = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21, completion_tokens_details: { reasoning_tokens: 5 } };

const CHAT = [
  chunk(delta({ role: 'assistant', content: '', refusal: null })),
  chunk(delta({ content: 'Grüße 🧾' })),
  chunk(delta({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] }, null, 1)),
  chunk(delta({ reasoning_content: 'hm' }), {}),
  chunk(delta({}, 'stop')),
  chunk([], { usage: CHAT_USAGE }),
  'data: [DONE]\n\n',
].join('');

const RESPONSE_USAGE = { input_tokens: 36, output_tokens: 87, output_tokens_details: { reasoning_tokens: 50 }, total_tokens: 123 };
const RESPONSES = [
  named('response.created', { sequence_number: 0, response: { id: 'resp_1', model: 'gpt-5', status: 'in_progress', usage: null } }),
  named('response.output_text.delta', { output_index: 0, delta: 'Hello' }),
  named('response.function_call_arguments.delta', { output_index: 1, delta: '{}' }),
  named('response.completed', { response: { id: 'resp_1', status: 'completed', usage: RESPONSE_USAGE } }),
].join('');

const MESSAGES = [
  named('message_start', {
    message: {
      id: 'msg_1',
      model: 'claude-sonnet-4-5',
      role: 'assistant',
      content: [],
      usage: { input_tokens: 25, output_tokens: 1, cache_read_input_tokens: 3 },
    },
  }),
  named('content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }),
  named('content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } }),
  named('ping', {}),
  named('content_block_delta', { index: 1, delta: { type: 'text_delta', text: 'Grüße' } }),
  named('content_block_delta', { index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":' } }),
  named('content_block_stop', { index: 0 }),
  named('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 15 } }),
  named('message_stop', {}),
].join('');

const candidate = (text: string, more: object = {}) => [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...more }];
const metadata = (output: number) => ({
  promptTokenCount: 12,
  candidatesTokenCount: output,
  thoughtsTokenCount: 8,
  totalTokenCount: 20 + output,
});
const GENERATE = [
  data({
    candidates: candidate('Grü'),
    usageMetadata: { promptTokenCount: 12, totalTokenCount: 12 },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r',
  }),
  data({
    candidates: [{ content: { parts: [{ text: 'hm', thought: true }, { functionCall: { name: 'f', args: { a: 1 } } }], role: 'model' } }],
    usageMetadata: metadata(2),
  }),
  data({ candidates: candidate('ße', { finishReason: 'STOP' }), usageMetadata: metadata(5) }),
]
  .join('')
  .replaceAll('\n', '\r\n');

const ODD = [
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
  'data: {"error":{"message":"boom","type":"server_error","code":null}}\n\n',
  '\ufeffdata: {"choices":[],\ndata: "usage":null}\n\n: comment\n\n',
  'id: 7\rretry: 100\rdata\r\rdata:x\r\n\r\n',
  'data: {"usage":{"prompt_tokens":1,"completion_tokens":-1}}\n\n',
].join('');

export const STREAMS: readonly string[] = [CHAT, RESPONSES, MESSAGES, GENERATE, ODD];
