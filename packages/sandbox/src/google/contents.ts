import type { CountedMessage } from '../count.ts';
import { invalidArgument, unsupported } from './errors.ts';
import type { BLOB, CONTENT, PART } from './messages.ts';
import type { Read } from './proto.ts';

type Content = Read<typeof CONTENT>;
type Part = Read<typeof PART>;

const CONTENTS_MAX = 4_096;

/** Members of a part that exclude each other: a part is one of these. */
const DATA = ['text', 'inlineData', 'functionCall', 'functionResponse'] as const;

/** Fetched, run or made elsewhere: what they cost would not be in the request. */
const REFUSED = [
  'fileData',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
  'videoMetadata',
  'mediaProcessing',
  'audioTranscription',
  'speechMetadata',
] as const;

/** A conversation as it is counted. @throws ApiError 400 as the real API does */
export function countedContents(contents: readonly Content[] | undefined): CountedMessage[] {
  if (contents === undefined || contents.length === 0) {
    throw invalidArgument('* GenerateContentRequest.contents: contents is not specified\n');
  }
  if (contents.length > CONTENTS_MAX) throw invalidArgument(`* GenerateContentRequest.contents: at most ${CONTENTS_MAX}\n`);
  return contents.map((content, index) => {
    const role = content.role || 'user';
    if (role !== 'user' && role !== 'model') throw invalidArgument('Please use a valid role: user, model.');
    return countedContent(content, role, `contents[${index}]`);
  });
}

export function countedContent({ parts = [] }: Content, role: string, at: string): CountedMessage {
  if (parts.length === 0) throw invalidArgument(`* GenerateContentRequest.${at}.parts: contents.parts must not be empty.\n`);
  const counted = parts.map((part, index) => countedPart(part, `${at}.parts[${index}]`));
  const sum = (of: (each: Counted) => number) => counted.reduce((total, each) => total + of(each), 0);
  return {
    role,
    texts: counted.flatMap(({ texts }) => texts),
    values: counted.flatMap(({ values }) => values),
    images: sum(({ images }) => images),
    documents: sum(({ documents }) => documents),
  };
}

type Counted = Required<Omit<CountedMessage, 'role'>>;

const NOTHING: Counted = { texts: [], values: [], images: 0, documents: 0 };

function countedPart(part: Part, at: string): Counted {
  for (const name of REFUSED) if (part[name] !== undefined) throw unsupported(`${at}.${name}`);
  const data = DATA.filter((name) => part[name] !== undefined);
  if (data.length > 1) {
    throw invalidArgument(`Invalid value at '${at}' (oneof), oneof field 'data' is already set. Cannot set '${data[1]}'`);
  }
  const counted = countedData(part, at);
  // A signature stands for thoughts, and those are read again.
  return part.thoughtSignature === undefined ? counted : { ...counted, texts: [...counted.texts, part.thoughtSignature] };
}

function countedData({ text, inlineData, functionCall, functionResponse, thoughtSignature }: Part, at: string): Counted {
  if (text !== undefined) return { ...NOTHING, texts: [text] };
  if (inlineData !== undefined) return countedBlobs([inlineData], at);
  if (functionCall !== undefined) {
    const { id, name = '', args } = functionCall;
    return { ...NOTHING, texts: named(id, name, `${at}.function_call`), values: args === undefined ? [] : [args] };
  }
  if (functionResponse !== undefined) {
    const { id, name = '', response, parts = [] } = functionResponse;
    const blobs = parts.map((part, index) => {
      if (part.inlineData === undefined) throw unsupported(`${at}.functionResponse.parts[${index}]`, 'takes inlineData only');
      return part.inlineData;
    });
    const texts = named(id, name, `${at}.function_response`);
    return { ...countedBlobs(blobs, at), texts, values: response === undefined ? [] : [response] };
  }
  if (thoughtSignature !== undefined) return NOTHING;
  throw invalidArgument(`* GenerateContentRequest.${at}.data: required oneof field 'data' must have one initialized field\n`);
}

function named(id: string | undefined, name: string, at: string): string[] {
  if (name === '') throw invalidArgument(`* GenerateContentRequest.${at}.name: Name cannot be empty.\n`);
  return id === undefined ? [name] : [id, name];
}

function countedBlobs(blobs: readonly Read<typeof BLOB>[], at: string): Counted {
  for (const { mimeType = '', data = '' } of blobs) {
    if (!mimeType.includes('/') || data === '')
      throw invalidArgument(`* GenerateContentRequest.${at}.inline_data: mime_type and data are required\n`);
  }
  const images = blobs.filter(({ mimeType }) => mimeType?.startsWith('image/')).length;
  return { ...NOTHING, images, documents: blobs.length - images };
}
