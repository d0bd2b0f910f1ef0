import Anthropic from '@anthropic-ai/sdk';
import { TallyError } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import type { ObjectNode } from '../../body/schema.ts';
import { walkBody } from '../../body/walk.ts';
import { COUNT_TOKENS_FIELDS, MESSAGES_FIELDS } from './messages-fields.ts';

const PNG = 'iVBORw0KGgo=';
const USER = { role: 'user', content: 'Hello' } as const;

function refusal(schema: ObjectNode, body: unknown): string {
  try {
    walkBody(Buffer.from(JSON.stringify(body)), schema);
    return 'taken';
  } catch (error) {
    return error instanceof TallyError ? `${error.code} ${error.facts['field']}` : `other: ${error}`;
  }
}

const counts = (body: unknown) => Object.fromEntries(walkBody(Buffer.from(JSON.stringify(body)), MESSAGES_FIELDS).counts);
const withMore = (more: Readonly<Record<string, unknown>>) => ({ model: 'm', max_tokens: 9, messages: [USER], ...more });
const withBlock = (block: unknown, role = 'user') => withMore({ messages: [{ role, content: [block] }] });
const withTool = (tool: unknown) => withMore({ tools: [tool] });
const image = (source: unknown) => ({ type: 'image', source });
const document = (source: unknown) => ({ type: 'document', source });

describe('refused under a cap', () => {
  it.each([
    ['container', 'container_1'],
    ['container', { skills: [{ type: 'anthropic', skill_id: 'pdf' }] }],
    ['mcp_servers', [{ type: 'url', name: 'a', url: 'https://example.com' }]],
    ['context_management', { edits: [] }],
    ['compaction', { type: 'auto' }],
    ['thread', { type: 'create' }],
    ['fallbacks', [{ model: 'm2' }]],
    ['fallback_credit_token', 'x'],
    ['billing_policy', { type: 'billing_policy' }],
    ['diagnostics', { previous_message_id: 'msg_1' }],
    ['inference_geo', 'us'],
    ['speed', 'fast'],
    ['service_tier', 'priority'],
    ['frobnicate', 1],
  ])('%s', (field, value) => {
    expect(refusal(MESSAGES_FIELDS, withMore({ [field]: value }))).toBe(`FIELD_NOT_ALLOWED ${field}`);
  });

  it.each([
    [{ type: 'between_tools' }, 'thinking.type'],
    [{ type: 'adaptive', block_binding: {} }, 'thinking.block_binding'],
  ])('thinking %j', (thinking, field) => {
    expect(refusal(MESSAGES_FIELDS, withMore({ thinking }))).toBe(`FIELD_NOT_ALLOWED ${field}`);
  });

  it.each([
    'web_search_20250305',
    'web_fetch_20250910',
    'code_execution_20250825',
    'tool_search_tool_bm25_20251119',
    'advisor_20260301',
    'bash_20300101',
  ])('the tool %s', (type) => {
    expect(refusal(MESSAGES_FIELDS, withTool({ type, name: 'a' }))).toBe('FIELD_NOT_ALLOWED tools[0].type');
    expect(refusal(COUNT_TOKENS_FIELDS, { model: 'm', messages: [USER], tools: [{ type, name: 'a' }] })).toContain('tools[0].type');
  });

  it.each([
    [{ mcp_server_name: 'a', type: 'mcp_toolset' }, 'mcp_server_name'],
    [{ name: 'a', input_schema: {}, allowed_callers: ['code_execution_20250825'] }, 'allowed_callers[0]'],
  ])('the tool %j', (tool, field) => {
    expect(refusal(MESSAGES_FIELDS, withTool(tool))).toBe(`FIELD_NOT_ALLOWED tools[0].${field}`);
  });

  it.each([
    [image({ type: 'url', url: 'https://example.com/a.png' }), 'source.type'],
    [image({ url: 'https://example.com/a.png', type: 'url' }), 'source.url'],
    [image({ type: 'file', file_id: 'f' }), 'source.type'],
    [document({ file_id: 'f', type: 'file' }), 'source.file_id'],
    [{ type: 'container_upload', file_id: 'f' }, 'type'],
    [{ type: 'server_tool_use', id: 'a', name: 'web_search', input: {} }, 'type'],
    [{ type: 'web_search_tool_result', tool_use_id: 'a', content: [] }, 'type'],
    [{ type: 'mcp_tool_use', id: 'a' }, 'type'],
    [{ type: 'compaction', content: 'a' }, 'type'],
    [{ type: 'tool_use', id: 'a', name: 'b', input: {}, caller: { type: 'code_execution_20250825', tool_id: 't' } }, 'caller.type'],
    [{ type: 'text', text: 'a', citations: [{ type: 'web_search_result_location', cited_text: 'b' }] }, 'citations[0].type'],
    [{ type: 'tool_result', tool_use_id: 'a', content: [image({ type: 'url', url: 'u' })] }, 'content[0].source.type'],
    [document({ type: 'content', content: [image({ type: 'file', file_id: 'f' })] }), 'source.content[0].source.type'],
  ])('the block %j', (block, field) => {
    expect(refusal(MESSAGES_FIELDS, withBlock(block))).toBe(`FIELD_NOT_ALLOWED messages[0].content[0].${field}`);
  });

  it.each([
    [image({ type: 'base64', data: PNG }), 'source'],
    [image({ type: 'base64', data: PNG, content: 'a' }), 'source.content'],
    [image({ type: 'base64', media_type: 'image/tiff', data: PNG }), 'source.media_type'],
  ])('data of no known kind: %j', (block, field) => {
    expect(refusal(MESSAGES_FIELDS, withBlock(block))).toBe(`FIELD_INVALID messages[0].content[0].${field}`);
  });

  it('output limits of no output, and what is missing', () => {
    expect(refusal(MESSAGES_FIELDS, withMore({ max_tokens: 0 }))).toBe('FIELD_INVALID max_tokens');
    expect(refusal(MESSAGES_FIELDS, { messages: [USER] })).toBe('FIELD_INVALID model');
    expect(refusal(MESSAGES_FIELDS, { model: 'm' })).toBe('FIELD_INVALID messages');
    expect(refusal(COUNT_TOKENS_FIELDS, withMore({}))).toBe('FIELD_NOT_ALLOWED max_tokens');
  });
});

describe('counts', () => {
  it.each([
    [withMore({}), { messages: 1 }],
    [withMore({ system: 'a' }), { messages: 2 }],
    [
      withMore({
        system: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
      { messages: 3 },
    ],
    [withBlock(image({ type: 'base64', media_type: 'image/png', data: PNG })), { messages: 2, images: 1 }],
    [withBlock(document({ type: 'base64', media_type: 'application/pdf', data: PNG })), { messages: 2, opaque: 1 }],
    [withBlock(document({ type: 'text', media_type: 'text/plain', data: 'long' })), { messages: 2, opaque: 2 }],
    [withBlock(image({ type: 'text', media_type: 'image/png', data: 'long' })), { messages: 2, images: 1, opaque: 1 }],
    [withBlock(document({ type: 'content', content: 'text' })), { messages: 2 }],
    [withBlock({ type: 'thinking', thinking: 'a', signature: 'b' }, 'assistant'), { messages: 2, opaque: 1 }],
    [withBlock({ type: 'redacted_thinking', data: 'b' }, 'assistant'), { messages: 2, opaque: 1 }],
    [withTool({ name: 'a', input_schema: {} }), { messages: 1, tools: 1 }],
    [withTool({ type: 'bash_20250124', name: 'bash' }), { messages: 1, tools: 1, opaque: 1 }],
    [withTool({ type: 'computer_toolset_20260801', configs: { zoom: { enabled: false } } }), { messages: 1, tools: 1, opaque: 1 }],
    [withMore({ output_config: { format: { type: 'json_schema', schema: {} } } }), { messages: 1, tools: 1 }],
    [withMore({ output_config: { effort: 'low', task_budget: { type: 'tokens', total: 20_000 } } }), { messages: 1, opaque: 1 }],
  ])('%j → %j', (body, expected) => {
    expect(counts(body)).toEqual(expected);
  });

  it('sets the bytes of data apart, wherever it stands', () => {
    const source = { type: 'base64', media_type: 'image/png', data: PNG };
    const body = JSON.stringify(
      withBlock({
        type: 'tool_result',
        tool_use_id: 'a',
        content: [image(source), document({ type: 'content', content: [image(source)] })],
      }),
    );
    const { media, counts: found } = walkBody(Buffer.from(body), MESSAGES_FIELDS);
    expect(media.map(({ start, end }) => body.slice(start, end))).toEqual([`"${PNG}"`, `"${PNG}"`]);
    expect(found.get('images')).toBe(2);
  });
});

describe('what the official SDK sends', () => {
  const sent: { url: string; body: string; betas: string | null }[] = [];
  const client = new Anthropic({
    apiKey: 'none',
    baseURL: 'http://127.0.0.1:9',
    fetch: async (url, init) => {
      sent.push({ url: String(url), body: String(init?.body), betas: new Headers(init?.headers).get('anthropic-beta') });
      return Response.json({ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], usage: {}, input_tokens: 1 });
    },
  });
  const cache_control = { type: 'ephemeral', ttl: '1h' } as const;
  const weather = { name: 'weather', description: 'Of a town', input_schema: { type: 'object' as const }, strict: true, cache_control };

  it('passes: a tool loop with thinking, caching and images', async () => {
    await client.messages.create({
      model: 'm',
      max_tokens: 4096,
      cache_control: { type: 'ephemeral' },
      metadata: { user_id: 'u' },
      service_tier: 'auto',
      stop_sequences: ['END'],
      system: [{ type: 'text', text: 'Be brief.', cache_control }],
      thinking: { type: 'enabled', budget_tokens: 2048, display: 'summarized' },
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      tools: [weather, { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 100 }],
      messages: [
        USER,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'sig' },
            { type: 'redacted_thinking', data: 'enc' },
            { type: 'text', text: 'Let me look.', citations: null },
            { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { town: 'Oslo' }, caller: { type: 'direct' } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              is_error: false,
              content: [
                { type: 'text', text: 'rain' },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
              ],
            },
          ],
        },
      ],
    });
    expect(refusal(MESSAGES_FIELDS, JSON.parse(sent.at(-1)?.body ?? ''))).toBe('taken');
  });

  it('passes: cited documents, structured output, a stream, betas', async () => {
    await client.beta.messages.create({
      model: 'm',
      max_tokens: 99,
      stream: true,
      betas: ['task-budgets-2026-03-13'],
      thinking: { type: 'adaptive', display: 'omitted' },
      output_config: {
        effort: 'high',
        format: { type: 'json_schema', schema: { type: 'object' } },
        task_budget: { type: 'tokens', total: 20_000 },
      },
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'document',
              title: 'T',
              context: 'c',
              citations: { enabled: true },
              source: { type: 'text', media_type: 'text/plain', data: 'x' },
            },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PNG }, cache_control },
            { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'part' }] } },
            {
              type: 'search_result',
              source: 'https://example.com',
              title: 'T',
              citations: { enabled: true },
              content: [{ type: 'text', text: 'x' }],
            },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/webp', data: PNG },
              transformations: { oversized_image: 'error' },
            },
          ],
        },
        {
          role: 'assistant',
          content: [
            {
              type: 'text',
              text: 'x',
              citations: [
                { type: 'char_location', cited_text: 'x', document_index: 0, document_title: 'T', start_char_index: 0, end_char_index: 1 },
              ],
            },
          ],
        },
        { role: 'system', content: 'Now in French.' },
        USER,
      ],
    });
    expect(sent.at(-1)?.betas).toBe('task-budgets-2026-03-13');
    expect(refusal(MESSAGES_FIELDS, JSON.parse(sent.at(-1)?.body ?? ''))).toBe('taken');
  });

  it('passes: a count', async () => {
    await client.messages.countTokens({
      model: 'm',
      messages: [USER],
      system: 'Be brief.',
      tools: [weather],
      tool_choice: { type: 'any' },
      thinking: { type: 'disabled' },
      output_config: { effort: 'low' },
    });
    expect(sent.at(-1)?.url).toContain('/v1/messages/count_tokens');
    expect(refusal(COUNT_TOKENS_FIELDS, JSON.parse(sent.at(-1)?.body ?? ''))).toBe('taken');
  });
});
