import { TallyError } from '@tallystick/core';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ObjectNode } from '../../body/schema.ts';
import { walkBody } from '../../body/walk.ts';
import { CHAT_FIELDS } from './chat-fields.ts';
import { RESPONSES_FIELDS } from './responses-fields.ts';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';

function refusal(schema: ObjectNode, json: string): string {
  try {
    walkBody(Buffer.from(json), schema);
    return 'taken';
  } catch (error) {
    return error instanceof TallyError ? `${error.code} ${error.facts['field']}` : `other: ${error}`;
  }
}

const chatPart = (part: unknown) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [part] }] });
const itemsOf = (...input: unknown[]) => JSON.stringify({ model: 'm', input });
const itemPart = (part: unknown) => itemsOf({ role: 'user', content: [part] });

describe('images', () => {
  it.each([
    [CHAT_FIELDS, chatPart({ type: 'image_url', image_url: { url: PNG, detail: 'high' } })],
    [CHAT_FIELDS, chatPart({ type: 'image_url', image_url: { url: PNG } }).replace('image/png', 'image\\/png')],
    [RESPONSES_FIELDS, itemPart({ type: 'input_image', image_url: PNG, detail: 'auto', file_id: null })],
    [
      RESPONSES_FIELDS,
      itemsOf({ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: PNG, detail: 'low' }] }),
    ],
  ])('given as data are counted, and their bytes set apart', (schema, json) => {
    const { counts, media } = walkBody(Buffer.from(json), schema);
    expect(counts.get('images')).toBe(1);
    expect(media.map(({ start, end }) => JSON.parse(json.slice(start, end)))).toEqual([PNG]);
  });

  it.each([
    [chatPart({ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }), 'image_url.url'],
    [chatPart({ type: 'image_url', image_url: { url: 'DATA:image/png;base64,AA==' } }), 'image_url.url'],
    [chatPart({ type: 'image_url', image_url: { url: PNG, detail: 'original' } }), 'image_url.detail'],
    [chatPart({ type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } }), 'type'],
    [chatPart({ file: { file_id: 'f' }, type: 'file' }), 'file'],
  ])('chat: %s is refused', (json, field) => {
    expect(refusal(CHAT_FIELDS, json)).toBe(`FIELD_NOT_ALLOWED messages[0].content[0].${field}`);
  });

  it.each([
    [{ type: 'input_image', image_url: 'https://example.com/a.png' }, 'image_url'],
    [{ type: 'input_image', file_id: 'file-1' }, 'file_id'],
    [{ type: 'input_image', image_url: PNG, detail: 'original' }, 'detail'],
    [{ type: 'input_file', file_url: 'https://example.com/a.pdf' }, 'type'],
  ])('responses: %j is refused', (part, field) => {
    expect(refusal(RESPONSES_FIELDS, itemPart(part))).toBe(`FIELD_NOT_ALLOWED input[0].content[0].${field}`);
  });
});

describe('reasoning items', () => {
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'so' }], encrypted_content: 'gAAAA' };

  it('pass with their encrypted content, which only the window bounds', () => {
    const { counts } = walkBody(Buffer.from(itemsOf(reasoning, { role: 'user', content: 'go on' })), RESPONSES_FIELDS);
    expect(counts.get('opaque')).toBeGreaterThan(0);
    expect(counts.get('messages')).toBe(2);
  });

  it.each([
    [{ type: 'reasoning', id: 'rs_1', summary: [] }, 'FIELD_INVALID input[0]'],
    [{ ...reasoning, encrypted_content: null }, 'FIELD_INVALID input[0].encrypted_content'],
    [{ type: 'reasoning', id: 'rs_1', summary: [], role: 'user', content: 'a' }, 'FIELD_INVALID input[0].role'],
    [{ type: 'reasoning', id: 'rs_1', summary: [], call_id: 'c', output: 'a' }, 'FIELD_INVALID input[0].call_id'],
    [{ type: 'item_reference', id: 'rs_1' }, 'FIELD_NOT_ALLOWED input[0].type'],
  ])('%j: %s', (item, expected) => {
    expect(refusal(RESPONSES_FIELDS, itemsOf(item))).toBe(expected);
  });

  it('are opaque by their type alone', () => {
    const json = itemsOf({ type: 'reasoning', id: 'rs_1', role: 'user', content: 'a' });
    expect(walkBody(Buffer.from(json), RESPONSES_FIELDS).counts.get('opaque')).toBe(1);
  });
});

describe('what the official SDK sends', () => {
  const bodies: string[] = [];
  const client = new OpenAI({
    apiKey: 'none',
    baseURL: 'http://127.0.0.1:9/v1',
    fetch: async (_, init) => {
      bodies.push(String(init?.body));
      return Response.json({ id: 'a', object: 'response', choices: [], output: [] });
    },
  });

  it('passes: images in chat and a stateless loop with reasoning', async () => {
    await client.chat.completions.create({
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
          ],
        },
      ],
    });
    await client.responses.create({
      model: 'm',
      store: false,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'low', summary: 'auto' },
      input: [
        { role: 'user', content: [{ type: 'input_image', image_url: PNG, detail: 'auto' }] },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' },
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'c1',
          name: 'look',
          arguments: '{}',
          caller: { type: 'direct' },
          status: 'completed',
        },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'a cat' }] },
      ],
    });
    const schemas = [CHAT_FIELDS, RESPONSES_FIELDS];
    expect(bodies).toHaveLength(2);
    expect(bodies.map((json, at) => refusal(schemas[at] as ObjectNode, json))).toEqual(['taken', 'taken']);
  });
});
