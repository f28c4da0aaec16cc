import { LIST_RULES, type ListRule, type ListRuleName, type PolicyDocument } from './policy-document.js';

/** What the rules go by. */
export interface CandidateSnap {
  readonly name: string;
  readonly snapId: string;
  readonly revision: number;
  readonly publisherId: string;
  /** Of the publisher's account; null where it has none. */
  readonly publisherName: string | null;
  readonly sizeBytes: number;
  /** What its snap.yaml says; null while it has not been read. */
  readonly contents: {
    readonly confinement: string;
    /** Of its plugs and slots. */
    readonly interfaces: readonly string[];
    readonly architectures: readonly string[];
  } | null;
}

/** A rule that keeps a snap out. */
export interface Objection {
  /** Such as `interfaces.deny`. */
  readonly rule: string;
  /** What about the snap it objects to. */
  readonly reason: string;
}

/** All that keeps a snap out, as far as what is known of it tells. */
export function judge(document: PolicyDocument, snap: CandidateSnap): Objection[] {
  const objections = LIST_RULES.flatMap((name) => {
    const rule = document[name];
    const facts = factsOf(name, snap);
    return rule === undefined || facts === null ? [] : judgeList(name, rule, facts);
  });
  const { size } = document;
  if (size !== undefined && snap.sizeBytes > size.maxBytes)
    objections.push({ rule: 'size.max', reason: `it has ${snap.sizeBytes} bytes, more than ${size.maxBytes}` });
  return objections;
}

/** What a list is held against: each thing about the snap, with the names that it goes by. Null while it is not known. */
function factsOf(name: ListRuleName, snap: CandidateSnap): string[][] | null {
  switch (name) {
    case 'publishers':
      return [snap.publisherName === null ? [snap.publisherId] : [snap.publisherName, snap.publisherId]];
    case 'snaps':
      return [[snap.name, snap.snapId]];
    case 'confinement':
      return snap.contents === null ? null : [[snap.contents.confinement]];
    case 'interfaces':
    case 'architectures':
      return snap.contents?.[name].map((one) => [one]) ?? null;
  }
}

/** Denied is whatever is in `deny`; where there is an `allow`, also whatever is not in that. */
function judgeList(name: ListRuleName, { allow, deny }: ListRule, facts: readonly (readonly string[])[]): Objection[] {
  const isIn = (list: readonly string[], names: readonly string[]): boolean =>
    names.some((one) => list.some((entry) => (name === 'snaps' ? matches(entry, one) : entry === one)));
  const show = (hit: readonly (readonly string[])[]): string => hit.map(([first]) => first).join(', ');
  const denied = deny === undefined ? [] : facts.filter((names) => isIn(deny, names));
  const unknown = allow === undefined ? [] : facts.filter((names) => !isIn(allow, names));
  return [
    ...(denied.length === 0 ? [] : [{ rule: `${name}.deny`, reason: `it names ${show(denied)}` }]),
    ...(unknown.length === 0 ? [] : [{ rule: `${name}.allow`, reason: `it does not name ${show(unknown)}` }]),
  ];
}

/** Without a regular expression: a pattern of many stars would take one very long. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
