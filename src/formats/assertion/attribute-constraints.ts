import { rule } from './header-checks.js';
import { type HeaderMap, type HeaderValue, isHeaderList, isHeaderMap } from './headers.js';
import { WholeTextRegexp } from './regexp/regexp.js';

/** What a constraint uses that older snapds do not know; each came with a format of snap-declaration. */
export type ConstraintFeature =
  'dollar-constraints' | 'device-scope' | 'name-constraints' | 'alternatives' | 'publisher-id';

export interface AttributeConstraints {
  readonly features: ReadonlySet<ConstraintFeature>;
  /** Whether headers fit. References to a plug or slot have nothing to refer to here, and never fit. */
  readonly matches: (headers: HeaderMap) => boolean;
}

type Matcher = (value: HeaderValue | undefined) => boolean;

interface Place {
  readonly path: string;
  /** A map was passed on the way: from then on text is a pattern. */
  readonly isInMap: boolean;
  readonly isAlternative: boolean;
}

const EVALUATION = /^\$(PLUG|SLOT)\(([^,]+)\)$/;
const REFERENCES: readonly string[] = ['$PLUG_PUBLISHER_ID', '$SLOT_PUBLISHER_ID'];

/**
 * Compiles patterns for attributes or headers, nested as they are (snapd: asserts/constraint.go): text is a regular expression for a
 * whole value, a list means alternatives, `$MISSING` that there is no value; a list of values fits if each of them does.
 * @throws AssertionRefusedError, stage `decode`
 */
export function compileAttributeConstraints(
  constraints: HeaderValue,
  options: { readonly allowsReferences: boolean },
): AttributeConstraints {
  const features = new Set<ConstraintFeature>();
  const compiler = new ConstraintCompiler(features, options.allowsReferences);
  const matches = compiler.compile(constraints, { path: '', isInMap: false, isAlternative: false });
  return { features, matches };
}

class ConstraintCompiler {
  constructor(
    private readonly features: Set<ConstraintFeature>,
    private readonly allowsReferences: boolean,
  ) {}

  compile(constraint: HeaderValue, place: Place): Matcher {
    if (isHeaderMap(constraint)) return this.compileMap(constraint, place);
    if (isHeaderList(constraint)) {
      if (place.isAlternative) throw rule(`cannot nest alternative constraints directly at "${place.path}"`);
      return this.compileAlternatives(constraint, place);
    }
    if (!place.isInMap) {
      throw rule('first level of non alternative constraints must be a set of key-value constraints');
    }
    return constraint.startsWith('$') ? this.compileReference(constraint, place) : compilePattern(constraint);
  }

  private compileMap(map: HeaderMap, place: Place): Matcher {
    const entries = Object.entries(map).map(([key, constraint]): [string, Matcher] => {
      const path = place.path === '' ? key : `${place.path}.${key}`;
      return [key, this.compile(constraint ?? '', { path, isInMap: true, isAlternative: false })];
    });
    return forEach((value) => isHeaderMap(value) && entries.every(([key, matcher]) => matcher(value[key])));
  }

  private compileAlternatives(list: readonly HeaderValue[], place: Place): Matcher {
    this.features.add('alternatives');
    const matchers = list.map((constraint, index) => {
      return this.compile(constraint, { ...place, path: `${place.path}/alt#${index + 1}/`, isAlternative: true });
    });
    return forEach((value) => matchers.some((matcher) => matcher(value)));
  }

  private compileReference(text: string, place: Place): Matcher {
    if (text === '$MISSING') {
      this.features.add('dollar-constraints');
      return (value) => value === undefined;
    }
    if (!this.allowsReferences)
      throw rule(`constraint "${text}" at "${place.path}" refers to a plug or slot, and there is none`);
    if (REFERENCES.includes(text)) {
      this.features.add('publisher-id');
      return () => false;
    }
    if (!EVALUATION.test(text)) throw rule(`constraint "${text}" at "${place.path}" is not $PLUG(…) or $SLOT(…)`);
    this.features.add('dollar-constraints');
    return () => false;
  }
}

function compilePattern(pattern: string): Matcher {
  const regexp = new WholeTextRegexp(pattern);
  return forEach((value) => typeof value === 'string' && regexp.matches(value));
}

function forEach(matcher: Matcher): Matcher {
  const each: Matcher = (value) => (isHeaderList(value) ? value.every(each) : matcher(value));
  return each;
}
