import { type Body, given, isObject } from '../ask.ts';
import type { CountedMessage } from '../count.ts';
import { isBase64, isImageType } from '../media.ts';
import { booleanAt, type CacheMarks, invalid, listAt, objectAt, oneOf, type Path, textAt, under } from './fields.ts';

/** All that a message holds, as it is counted. */
export type Content = { texts: string[]; values: unknown[]; images: number; documents: number };

type Reader = (block: Body, path: Path, into: Content, marks: CacheMarks) => void;
type Block = { readonly known: readonly string[]; readonly read: Reader };

const TEXT = ['text'];
const INSIDE = ['text', 'image', 'document', 'search_result'];
const BY_ROLE: Readonly<Record<string, readonly string[]>> = {
  system: TEXT,
  user: [...INSIDE, 'tool_result'],
  assistant: ['text', 'thinking', 'redacted_thinking', 'tool_use'],
};

/** @throws ApiError 400 as the real API does */
export function messageAt(value: unknown, path: Path, marks: CacheMarks): CountedMessage & { readonly answersTool: boolean } {
  const message = objectAt(value, path, ['role', 'content']);
  const role = oneOf(message.role, under(path, 'role'), ['user', 'assistant', 'system']);
  const content = contentAt(message.content, under(path, 'content'), BY_ROLE[role] ?? TEXT, marks);
  const blocks: readonly unknown[] = Array.isArray(message.content) ? message.content : [];
  return { role, ...content, answersTool: blocks.some((block) => isObject(block) && block.type === 'tool_result') };
}

/** The system prompt as a message of its own: a string or text blocks. */
export function systemAt(value: unknown, path: Path, marks: CacheMarks): CountedMessage {
  return { role: 'system', ...contentAt(value, path, TEXT, marks) };
}

function contentAt(value: unknown, path: Path, types: readonly string[], marks: CacheMarks): Content {
  const content: Content = { texts: [], values: [], images: 0, documents: 0 };
  readInto(content, value, path, types, marks);
  return content;
}

function readInto(into: Content, value: unknown, path: Path, types: readonly string[], marks: CacheMarks): void {
  if (typeof value === 'string') return void into.texts.push(value);
  listAt(value, path).forEach((each, index) => {
    const at = under(path, index);
    const type = isObject(each) ? each.type : undefined;
    const block = typeof type === 'string' && types.includes(type) ? BLOCKS[type] : undefined;
    if (block === undefined) {
      const expected = types.map((name) => `'${name}'`).join(', ');
      throw invalid(at, `Input tag '${String(type)}' found using 'type' does not match any of the expected tags: ${expected}`);
    }
    const known = objectAt(each, at, ['type', 'cache_control', ...block.known]);
    marks.read(known, at);
    block.read(known, at, into, marks);
  });
}

const BLOCKS: Readonly<Record<string, Block>> = {
  text: {
    known: ['text', 'citations'],
    read: ({ text }, path, into) => {
      const said = textAt(text, under(path, 'text'));
      if (said === '') throw invalid(path, 'text content blocks must be non-empty');
      into.texts.push(said);
    },
  },
  image: { known: ['source'], read: readImage },
  document: { known: ['source', 'title', 'context', 'citations'], read: readDocument },
  search_result: {
    known: ['content', 'source', 'title', 'citations'],
    read: (block, path, into, marks) => {
      into.texts.push(textAt(block.source, under(path, 'source')), textAt(block.title, under(path, 'title')));
      readInto(into, listAt(block.content, under(path, 'content')), under(path, 'content'), TEXT, marks);
    },
  },
  thinking: {
    known: ['thinking', 'signature'],
    read: ({ thinking, signature }, path, into) => {
      into.texts.push(textAt(thinking, under(path, 'thinking')));
      textAt(signature, under(path, 'signature'));
    },
  },
  redacted_thinking: { known: ['data'], read: ({ data }, path, into) => void into.texts.push(textAt(data, under(path, 'data'))) },
  tool_use: {
    known: ['id', 'name', 'input', 'caller'],
    read: ({ id, name, input }, path, into) => {
      into.texts.push(textAt(id, under(path, 'id')), textAt(name, under(path, 'name')));
      if (!isObject(input)) throw invalid(under(path, 'input'), 'Input should be a valid dictionary');
      into.values.push(input);
    },
  },
  tool_result: {
    known: ['tool_use_id', 'content', 'is_error'],
    read: (block, path, into, marks) => {
      into.texts.push(textAt(block.tool_use_id, under(path, 'tool_use_id')));
      booleanAt(block.is_error, under(path, 'is_error'));
      if (given(block.content)) readInto(into, block.content, under(path, 'content'), INSIDE, marks);
    },
  },
};

function readImage({ source }: Body, path: Path, into: Content): void {
  const at = under(path, 'source');
  refuseRemote(source, at);
  const held = objectAt(source, at, ['type', 'media_type', 'data']);
  oneOf(held.type, under(at, 'type'), ['base64']);
  if (!isImageType(held.media_type))
    throw invalid(under(at, 'media_type'), 'Input should be image/jpeg, image/png, image/gif or image/webp');
  if (!isBase64(held.data)) throw invalid(under(at, 'data'), 'Input should be base64');
  into.images += 1;
}

/** A PDF has a price of its own; a document of text, or of blocks, costs what is in it. */
function readDocument(block: Body, path: Path, into: Content, marks: CacheMarks): void {
  const at = under(path, 'source');
  refuseRemote(block.source, at);
  const source = objectAt(block.source, at, ['type', 'media_type', 'data', 'content']);
  for (const name of ['title', 'context']) if (given(block[name])) into.texts.push(textAt(block[name], under(path, name)));
  switch (oneOf(source.type, under(at, 'type'), ['base64', 'text', 'content'])) {
    case 'base64':
      oneOf(source.media_type, under(at, 'media_type'), ['application/pdf']);
      if (!isBase64(source.data)) throw invalid(under(at, 'data'), 'Input should be base64');
      into.documents += 1;
      return;
    case 'text':
      oneOf(source.media_type, under(at, 'media_type'), ['text/plain']);
      return void into.texts.push(textAt(source.data, under(at, 'data')));
    case 'content':
      readInto(into, source.content, under(at, 'content'), ['text', 'image'], marks);
  }
}

function refuseRemote(source: unknown, at: Path): void {
  const type = isObject(source) ? source.type : undefined;
  if (type === 'url' || type === 'file') throw invalid(under(at, 'type'), `The sandbox fetches and keeps nothing: '${type}' is not taken`);
}
