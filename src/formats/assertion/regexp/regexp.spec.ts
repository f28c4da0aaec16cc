import { describe, expect, it } from 'vitest';

import { AssertionRefusedError } from '../assertion.errors.js';
import { WholeTextRegexp } from './regexp.js';

describe(WholeTextRegexp.name, () => {
  it.each<[string, string[], string[]]>([
    ['', [''], ['a']],
    ['a', ['a'], ['', 'aa', 'b']],
    ['a|bc|', ['a', 'bc', ''], ['abc', 'b']],
    ['a*', ['', 'aaa'], ['b']],
    ['a+b?', ['a', 'aab'], ['', 'b', 'abb']],
    ['(ab){2,3}', ['abab', 'ababab'], ['ab', 'abababab']],
    ['a{2}', ['aa'], ['a', 'aaa']],
    ['a{2,}', ['aa', 'aaaa'], ['a']],
    ['x{,3}', ['x{,3}'], ['xxx']],
    ['.+', ['abc', '\u{1f600}'], ['', 'a\nb']],
    ['(?s).+', ['a\nb'], ['']],
    ['(?i)snap', ['SNAP', 'snap'], ['snip']],
    ['(?i:a)b', ['Ab', 'ab'], ['AB']],
    ['[a-c_-]+', ['a-b_c'], ['d']],
    ['[^/]+', ['a b'], ['a/b']],
    ['[]a]+', [']a'], ['b']],
    ['[[:alpha:]\\d]+', ['a1'], ['-']],
    ['\\w+@\\S+', ['a_1@b.c'], ['a b@c']],
    ['\\.\\-\\x41\\x{1F600}', ['.-A\u{1f600}'], ['x-A']],
    ['\\pL+\\P{L}', ['äb1'], ['ab']],
    ['\\Qa.b\\E+', ['a.b', 'a.bb'], ['axb']],
    ['^a$', ['a'], ['b']],
    ['(?P<name>a)(?:b)', ['ab'], ['a']],
    ['a\\b-\\bc', ['a-c'], []],
    ['a*?b', ['b', 'aab'], ['a']],
    ['/run/[a-z]+(\\.sock)?', ['/run/x.sock', '/run/x'], ['/run/X']],
  ])('%j fits whole texts only', (pattern, fitting, others) => {
    const regexp = new WholeTextRegexp(pattern);
    expect(fitting.filter((text) => !regexp.matches(text))).toEqual([]);
    expect(others.filter((text) => regexp.matches(text))).toEqual([]);
  });

  it.each([
    '(',
    ')',
    '[',
    'a**',
    '*a',
    '+',
    'a{2,1}',
    'a{1001}',
    '[z-a]',
    '\\',
    '\\y',
    '(?=a)',
    '(?<=a)b',
    '\\1',
    '[[:nope:]]',
    '\\p{Nope}',
  ])('refuses %j, as Go does', (pattern) => {
    expect(() => new WholeTextRegexp(pattern)).toThrow(AssertionRefusedError);
  });

  it('refuses what would take too much room', () => {
    expect(() => new WholeTextRegexp('((a{1000}){1000}){1000}')).toThrow(/too large/);
    expect(() => new WholeTextRegexp('('.repeat(1000) + ')'.repeat(1000))).toThrow(/too deeply/);
  });

  it('needs no longer for an expression that makes others run for years', () => {
    expect(new WholeTextRegexp('(a|a)*(a*)*b').matches('a'.repeat(5000))).toBe(false);
  });
});
