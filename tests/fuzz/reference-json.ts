/** A JSON value as it stands in a text: plain and slow on purpose, to be held against the walker. */
export type Parsed = {
  readonly kind: 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array';
  /** What JSON.parse makes of it; of containers, nothing. */
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
  readonly members: readonly ParsedMember[];
  readonly items: readonly Parsed[];
};
export type ParsedMember = { readonly key: string; readonly keyStart: number; readonly value: Parsed };

type Token = { readonly text: string; readonly at: number };

/** @returns the text where the bytes are UTF-8 and JSON.parse takes them, else null. */
export function jsonText(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}

/** @param text a text that JSON.parse has taken. */
export function parseReference(text: string): Parsed {
  const tokens = Array.from(
    text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs),
    (match): Token => ({ text: match[0], at: match.index }),
  );
  let next = 0;
  const take = (): Token => tokens[next++] as Token;
  const isNext = (sign: string) => tokens[next]?.text === sign;

  const value = (): Parsed => {
    const { text: source, at } = take();
    if (source === '{') return object(at);
    if (source === '[') return array(at);
    const read: unknown = JSON.parse(source);
    const kind = read === null ? 'null' : (typeof read as 'string' | 'number' | 'boolean');
    return { kind, value: read, start: at, end: at + source.length, members: [], items: [] };
  };
  const object = (start: number): Parsed => {
    const members: ParsedMember[] = [];
    while (!isNext('}')) {
      const key = take();
      take();
      members.push({ key: JSON.parse(key.text) as string, keyStart: key.at, value: value() });
      if (isNext(',')) take();
    }
    return { kind: 'object', value: undefined, start, end: take().at + 1, members, items: [] };
  };
  const array = (start: number): Parsed => {
    const items: Parsed[] = [];
    while (!isNext(']')) {
      items.push(value());
      if (isNext(',')) take();
    }
    return { kind: 'array', value: undefined, start, end: take().at + 1, members: [], items };
  };
  return value();
}
