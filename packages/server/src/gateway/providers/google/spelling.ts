import type { Node, ObjectNode } from '../../body/schema.ts';
import { object } from '../nodes.ts';

type Fields = Readonly<Record<string, Node>>;

/**
 * An object whose fields are named here in camelCase and may be written in snake_case too, as Google's JSON takes them. One field in both
 * spellings is refused: which of two counts is up to each parser. A field whose snake_case is among `fields` is left as it stands there.
 */
export function spelled(fields: Fields, more: Partial<ObjectNode> = {}): ObjectNode {
  const others = Object.entries(fields).filter(([name]) => !Object.hasOwn(fields, snake(name)));
  const pairs = others.map(([name]) => [name, snake(name)]);
  return object(
    { ...fields, ...Object.fromEntries(others.map(([name, node]) => [snake(name), node])) },
    { ...more, exclusive: [...pairs, ...(more.exclusive ?? [])] },
  );
}

/** Fields that this gateway itself writes: in one spelling only, since a null in the other might still take them back. */
export function camelOnly(fields: Fields): Fields {
  const refused = Object.keys(fields).map((name): [string, Node] => {
    return [snake(name), { kind: 'forbidden', reason: `write it as \`${name}\`` }];
  });
  return { ...fields, ...Object.fromEntries(refused) };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
