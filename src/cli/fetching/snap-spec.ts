import { parseSnapName } from '../../kernel/snap-names.js';

/** Which snap, and which of its components. */
export interface SnapSpec {
  readonly name: string;
  /** Null where none are named. */
  readonly components: readonly string[] | null;
}

/** Reads `NAME` or, as `snap install` takes it, `NAME+COMPONENT+COMPONENT`. @throws InvalidSnapNameError */
export function parseSnapSpec(text: string): SnapSpec {
  const [name = '', ...components] = text.split('+');
  return {
    name: parseSnapName(name),
    components: components.length === 0 ? null : [...new Set(components.map(parseSnapName))],
  };
}
