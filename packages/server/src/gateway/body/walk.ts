import { TallyError } from '@tallystick/core';
import { KeySet } from './key-set.ts';
import { Lexer } from './lexer.ts';
import { bodyInvalid, fieldInvalid, fieldNotAllowed } from './path.ts';
import { checkBoolean, checkEnum, checkNumber, checkString } from './scalars.ts';
import { type AnyNode, type ArrayNode, type JsonType, type Node, type ObjectNode, type OneOfNode, takesType, typesOf } from './schema.ts';
import { type ObjectSpans, type Scalar, type Span, WALK_LIMITS, type WalkedBody, type WalkLimits } from './walked.ts';

type Chosen = Exclude<Node, OneOfNode>;
const ANY: AnyNode = { kind: 'any' };

/**
 * Walks a request body once, checks it against the allow-list and records where its fields stand.
 *
 * Duplicate keys (after unescaping) are refused everywhere: which of two counts is up to each parser. A lone escaped surrogate is
 * taken in string values, which are passed on as they are, but not in keys and not in captured or enumerated strings, because
 * parsers turn it into different text.
 *
 * @throws TallyError BODY_TOO_LARGE · BODY_INVALID (bad JSON, with the byte offset) · FIELD_NOT_ALLOWED · FIELD_INVALID (with the path).
 * No error text carries a value, and no more than 64 sanitised characters of field names.
 */
export function walkBody(body: Uint8Array, schema: ObjectNode, limits: Partial<WalkLimits> = {}): WalkedBody {
  const all = { ...WALK_LIMITS, ...limits };
  if (body.length > all.bytesMax) {
    throw new TallyError('BODY_TOO_LARGE', `The body is larger than ${all.bytesMax} bytes.`, { bytes_max: all.bytesMax });
  }
  return new Walker(body, all).run(schema);
}

class Walker {
  readonly #lexer: Lexer;
  readonly #limits: WalkLimits;
  readonly #path: (string | number)[] = [];
  readonly #nested = new Map<string, ObjectSpans>();
  readonly #captured = new Map<string, Scalar>();
  readonly #counts = new Map<string, number>();
  readonly #media: { start: number; end: number }[] = [];
  #depth = 0;

  constructor(body: Uint8Array, limits: WalkLimits) {
    this.#lexer = new Lexer(body);
    this.#limits = limits;
  }

  run(schema: ObjectNode): WalkedBody {
    const lexer = this.#lexer;
    lexer.skipSpace();
    if (lexer.typeHere() !== 'object') throw bodyInvalid(lexer.pos, 'it must be an object');
    const members: Span[] = [];
    const open = lexer.pos;
    this.#object(schema, members);
    const close = lexer.pos - 1;
    lexer.skipSpace();
    if (lexer.pos < lexer.bytes.length) throw bodyInvalid(lexer.pos, 'something follows its end');
    return {
      top: { open, close, members },
      nested: this.#nested,
      captured: this.#captured,
      counts: this.#counts,
      media: this.#media,
      numberExpansion: lexer.numberExpansion,
    };
  }

  #value(declared: Node): void {
    const type = this.#lexer.typeHere();
    const node = this.#choose(declared, type);
    const from = this.#lexer.pos;
    if (node.kind !== 'forbidden' && node.tally !== undefined) this.#add(node.tally, 1);
    if (type === 'object') this.#objectValue(node);
    else if (type === 'array') this.#array(node.kind === 'array' ? node : null);
    else this.#scalarValue(node, type);
    if (node.kind !== 'forbidden' && node.measure !== undefined) this.#add(node.measure, this.#lexer.pos - from);
  }

  #scalarValue(node: Chosen, type: JsonType): void {
    const scalar = this.#scalar(node, type);
    if (node.kind !== 'forbidden' && node.capture !== undefined) this.#capture(node.capture, scalar as Scalar, node.same === true);
  }

  #capture(name: string, value: Scalar, isSame: boolean): void {
    const before = this.#captured.get(name);
    if (isSame && before !== undefined && before !== value) throw fieldInvalid(this.#path, 'must be the same wherever it stands');
    this.#captured.set(name, value);
  }

  /** @returns the alternative that takes this type, or throws. */
  #choose(declared: Node, type: JsonType): Chosen {
    if (declared.kind !== 'oneOf') {
      if (takesType(declared, type)) return declared;
      if (declared.kind === 'forbidden') throw fieldNotAllowed(this.#path, declared.reason);
    } else {
      for (const node of declared.of) {
        if (takesType(node, type)) return this.#choose(node, type);
      }
    }
    throw fieldInvalid(this.#path, `must be ${typesOf(declared)}`);
  }

  /** Reads and checks a scalar. @returns its value; a string's only where the node asks for it. */
  #scalar(node: Chosen, type: JsonType): Scalar | undefined {
    const lexer = this.#lexer;
    if (type === 'null') return lexer.literal();
    if (type === 'boolean') return checkBoolean(node, lexer.literal() as boolean, this.#path);
    if (type === 'number') return checkNumber(node, lexer.number(), lexer.integer, this.#path);
    const start = lexer.pos;
    lexer.string();
    if (node.kind === 'enum') {
      const text = checkEnum(node, lexer, start, this.#path);
      const name = node.tallyOf !== undefined && Object.hasOwn(node.tallyOf, text) ? node.tallyOf[text] : undefined;
      if (name !== undefined) this.#add(name, 1);
      return text;
    }
    if (node.kind === 'string' && node.media === true) this.#media.push({ start, end: lexer.pos });
    return node.kind === 'string' || node.kind === 'any' ? checkString(node, lexer, start, this.#path) : undefined;
  }

  #objectValue(node: Chosen): void {
    const object = node.kind === 'object' ? node : null;
    if (object?.spans !== true || this.#path.length !== 1) {
      this.#object(object, null);
      return;
    }
    const open = this.#lexer.pos;
    const members: Span[] = [];
    this.#object(object, members);
    this.#nested.set(String(this.#path[0]), { open, close: this.#lexer.pos - 1, members });
  }

  /** @param schema null: any members. @param spans where to record them, or null. */
  #object(schema: ObjectNode | null, spans: Span[] | null): void {
    const lexer = this.#lexer;
    const keys = new KeySet();
    this.#enter();
    lexer.skipSpace();
    if (lexer.peek() !== 0x7d) {
      do {
        lexer.skipSpace();
        const start = lexer.pos;
        const key = this.#key(keys);
        lexer.skipSpace();
        lexer.expect(0x3a, 'a colon');
        lexer.skipSpace();
        const valueStart = lexer.pos;
        this.#path.push(key);
        this.#value(schema === null ? ANY : this.#field(schema, key));
        this.#path.pop();
        spans?.push({ key, start, end: lexer.pos, valueStart, valueEnd: lexer.pos });
        lexer.skipSpace();
      } while (this.#comma());
    }
    lexer.expect(0x7d, 'a comma or the end of an object');
    this.#depth -= 1;
    if (schema !== null) this.#complete(schema, keys);
  }

  #complete({ required, requiredSets, exclusive }: ObjectNode, keys: KeySet): void {
    for (const name of required ?? []) if (!keys.has(name)) throw fieldInvalid([...this.#path, name], 'is missing');
    if (exclusive !== undefined && keys.size > 1) {
      for (const set of exclusive) {
        const [first, second] = set.filter((name) => keys.has(name));
        if (second !== undefined) throw fieldInvalid([...this.#path, second], `must not stand beside \`${first}\``);
      }
    }
    if (requiredSets === undefined || requiredSets.some((set) => set.every((name) => keys.has(name)))) return;
    throw fieldInvalid(this.#path, `must have ${requiredSets.map((set) => set.join(', ')).join('; or ')}`);
  }

  #field(schema: ObjectNode, key: string): Node {
    const node = Object.hasOwn(schema.fields, key) ? schema.fields[key] : schema.rest;
    if (node === undefined) throw fieldNotAllowed(this.#path, 'it is not a field that this gateway knows here');
    return node;
  }

  #key(keys: KeySet): string {
    const lexer = this.#lexer;
    const start = lexer.pos;
    if (lexer.peek() !== 0x22) throw lexer.unexpected('a field name in double quotes');
    lexer.string();
    if (lexer.loneSurrogate) throw bodyInvalid(start, 'a field name holds half of a surrogate pair');
    const key = lexer.textOf(start, lexer.pos, lexer.escaped);
    if (!keys.add(key)) throw fieldInvalidTwice([...this.#path, key], start);
    if (keys.size > this.#limits.membersMax) throw bodyInvalid(start, `an object has more than ${this.#limits.membersMax} fields`);
    return key;
  }

  #array(node: ArrayNode | null): void {
    const lexer = this.#lexer;
    let length = 0;
    this.#enter();
    lexer.skipSpace();
    if (lexer.peek() !== 0x5d) {
      do {
        lexer.skipSpace();
        this.#path.push(length);
        this.#value(node?.items ?? ANY);
        this.#path.pop();
        length += 1;
        if (node?.max !== undefined && length > node.max) throw fieldInvalid(this.#path, `must have at most ${node.max} elements`);
        lexer.skipSpace();
      } while (this.#comma());
    }
    lexer.expect(0x5d, 'a comma or the end of an array');
    this.#depth -= 1;
    if (node?.min !== undefined && length < node.min) throw fieldInvalid(this.#path, `must have at least ${node.min} elements`);
    if (node?.count !== undefined) this.#add(node.count, length);
  }

  /** Takes `{` or `[`. */
  #enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#limits.depthMax) throw bodyInvalid(this.#lexer.pos, `it is nested deeper than ${this.#limits.depthMax}`);
    this.#lexer.pos += 1;
  }

  #comma(): boolean {
    if (this.#lexer.peek() !== 0x2c) return false;
    this.#lexer.pos += 1;
    return true;
  }

  #add(name: string, amount: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount);
  }
}

/** A duplicate key is a fault of the JSON, but its name says more than its offset, so both are given. */
function fieldInvalidTwice(path: (string | number)[], offset: number): TallyError {
  const { message, facts } = fieldInvalid(path, 'stands twice in one object');
  return new TallyError('BODY_INVALID', `The body is not valid at byte ${offset}: ${message}`, { ...facts, offset });
}
