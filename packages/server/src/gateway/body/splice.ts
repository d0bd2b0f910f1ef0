import { TallyError } from '@tallystick/core';
import type { ObjectSpans, Span, WalkedBody } from './walked.ts';

/**
 * One change of a body. `path`: a top-level field, or a field of a top-level object (whose schema node has `spans: true`).
 * `json`: the new value, already canonical JSON; null removes the field. A field (or its object) that is missing is injected at the
 * end of its object; an object that is there but `null` is replaced.
 */
export type Edit = { readonly path: readonly [string] | readonly [string, string]; readonly json: string | null };

type Change = { readonly key: string; readonly json: string | null };
/** Replace bytes [start, end) by `text`. */
type Patch = { readonly start: number; readonly end: number; readonly text: string };

/**
 * Applies the edits. Every byte outside the edited fields stays as it is, white space and the order of fields included.
 * @returns the body itself where nothing changes, else a new one.
 * @throws TallyError INTERNAL where the same field is edited twice, or inside an object that was not walked with spans: faults of ours.
 */
export function splice(body: Uint8Array, walked: WalkedBody, edits: readonly Edit[]): Uint8Array {
  const top: Change[] = [];
  const inner = new Map<string, Change[]>();
  for (const { path, json } of edits) {
    if (path.length === 1) top.push({ key: path[0], json });
    else inner.set(path[0], [...(inner.get(path[0]) ?? []), { key: path[1], json }]);
  }
  const patches: Patch[] = [];
  for (const [parent, changes] of inner) {
    const spans = walked.nested.get(parent);
    if (spans !== undefined) patches.push(...patchObject(spans, changes));
    else if (isAbsent(body, walked, parent)) {
      const json = newObject(changes);
      if (json !== null) top.push({ key: parent, json });
    } else throw new TallyError('INTERNAL', 'An edit goes into a field whose spans were not recorded.');
    if (spans !== undefined && top.some(({ key }) => key === parent)) throw editedTwice();
  }
  patches.push(...patchObject(walked.top, top));
  return apply(body, patches);
}

/** @returns whether the field is missing or null. */
function isAbsent(body: Uint8Array, walked: WalkedBody, key: string): boolean {
  const span = walked.top.members.find((member) => member.key === key);
  return span === undefined || body[span.valueStart] === 0x6e;
}

function newObject(changes: readonly Change[]): string | null {
  assertDistinct(changes);
  const members = changes.filter(({ json }) => json !== null).map(({ key, json }) => `${JSON.stringify(key)}:${json}`);
  return members.length === 0 ? null : `{${members.join(',')}}`;
}

function patchObject(object: ObjectSpans, changes: readonly Change[]): Patch[] {
  assertDistinct(changes);
  const { members } = object;
  const removed = new Set<string>();
  const patches: Patch[] = [];
  const added: string[] = [];
  for (const { key, json } of changes) {
    const span = members.find((member) => member.key === key);
    if (json === null) removed.add(key);
    else if (span === undefined) added.push(`${JSON.stringify(key)}:${json}`);
    else patches.push({ start: span.valueStart, end: span.valueEnd, text: json });
  }
  patches.push(...removals(members, removed));
  if (added.length > 0) {
    const last = members.findLast((member) => !removed.has(member.key));
    const at = last?.end ?? object.open + 1;
    patches.push({ start: at, end: at, text: (last === undefined ? '' : ',') + added.join(',') });
  }
  return patches;
}

/** Each removed member takes one comma with it: the one before it, or, at the head of the object, the one after. */
function removals(members: readonly Span[], removed: ReadonlySet<string>): Patch[] {
  const patches: Patch[] = [];
  let kept = -1;
  for (const [i, member] of members.entries()) {
    if (!removed.has(member.key)) {
      kept = i;
      continue;
    }
    const before = members[i - 1];
    const after = members[i + 1];
    if (kept >= 0 && before !== undefined) patches.push({ start: before.end, end: member.end, text: '' });
    else patches.push({ start: member.start, end: after?.start ?? member.end, text: '' });
  }
  return patches;
}

function apply(body: Uint8Array, patches: readonly Patch[]): Uint8Array {
  if (patches.length === 0) return body;
  const sorted = patches.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, text } of sorted) {
    if (start < at) throw new TallyError('INTERNAL', 'Two edits of a body overlap.');
    pieces.push(body.subarray(at, start), Buffer.from(text));
    at = end;
  }
  pieces.push(body.subarray(at));
  return Buffer.concat(pieces);
}

function assertDistinct(changes: readonly Change[]): void {
  if (new Set(changes.map(({ key }) => key)).size !== changes.length) throw editedTwice();
}

function editedTwice(): TallyError {
  return new TallyError('INTERNAL', 'The same field of a body is edited twice.');
}
