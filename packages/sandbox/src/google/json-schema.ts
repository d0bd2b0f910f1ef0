import { type Body, isObject } from '../ask.ts';

/** Keywords that mean the same in both languages. */
const SAME = [
  'format',
  'title',
  'description',
  'enum',
  'minItems',
  'maxItems',
  'required',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
] as const;

/** Google's own schema, as read, as JSON schema. */
export function toJsonSchema(schema: Body): Body {
  const made: Record<string, unknown> = {};
  for (const name of SAME) if (schema[name] !== undefined) made[name] = schema[name];
  const type = typeof schema.type === 'string' && schema.type !== 'TYPE_UNSPECIFIED' ? schema.type.toLowerCase() : undefined;
  if (type !== undefined) made.type = schema.nullable === true ? [type, 'null'] : type;
  if (isObject(schema.items)) made.items = toJsonSchema(schema.items);
  if (isObject(schema.properties)) made.properties = ordered(schema.properties, schema.propertyOrdering);
  if (Array.isArray(schema.anyOf)) made.anyOf = schema.anyOf.filter(isObject).map(toJsonSchema);
  return made;
}

/** An answer has its members in `propertyOrdering`, then in the order of the schema. */
function ordered(properties: Body, ordering: unknown): Body {
  const first = Array.isArray(ordering) ? ordering.filter((name) => Object.hasOwn(properties, name)) : [];
  const names = new Set<string>([...first, ...Object.keys(properties)]);
  const made: [string, Body][] = [];
  for (const name of names) {
    const each = properties[name];
    if (isObject(each)) made.push([name, toJsonSchema(each)]);
  }
  return Object.fromEntries(made);
}
