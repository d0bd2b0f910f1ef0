/** A `generateContent` request, as far as it is counted. */
export type GoogleRequest = {
  readonly contents: readonly { readonly role?: string; readonly parts: readonly GooglePart[] }[];
  readonly tools?: readonly { readonly functionDeclarations: readonly GoogleFunction[] }[];
};
export type GooglePart =
  | { readonly text: string }
  | { readonly functionCall: { readonly name: string; readonly args: unknown } }
  | { readonly functionResponse: { readonly name: string; readonly response: unknown } };
export type GoogleFunction = { readonly name: string; readonly description: string; readonly parameters: GoogleSchema };
export type GoogleSchema = {
  readonly type: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, GoogleSchema>>;
};

/**
 * The texts that Google's own SDK counts of a request, each by itself: names, keys and strings, and nothing of the JSON around them
 * (https://github.com/googleapis/python-genai/blob/main/google/genai/local_tokenizer.py).
 */
export function googleTexts({ contents, tools = [] }: GoogleRequest): string[] {
  const said = contents.flatMap(({ parts }) => parts.flatMap(partTexts));
  const declared = tools.flatMap(({ functionDeclarations }) => functionDeclarations);
  return [...said, ...declared.flatMap(({ name, description, parameters }) => [name, description, ...schemaTexts(parameters)])];
}

function partTexts(part: GooglePart): string[] {
  if ('text' in part) return [part.text];
  if ('functionCall' in part) return [part.functionCall.name, ...valueTexts(part.functionCall.args)];
  return [part.functionResponse.name, ...valueTexts(part.functionResponse.response)];
}

function valueTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(valueTexts);
  return Object.entries(value).flatMap(([key, each]) => [key, ...valueTexts(each)]);
}

function schemaTexts({ description = '', enum: values = [], required = [], properties = {} }: GoogleSchema): string[] {
  return [description, ...values, ...required, ...Object.entries(properties).flatMap(([key, schema]) => [key, ...schemaTexts(schema)])];
}
