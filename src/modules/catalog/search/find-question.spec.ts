import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { StoreError } from '../../../kernel/store-error.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { fieldsOf, parseFindQuestion } from './find-question.js';

const parse = (query: string, architecture: string | null = null) =>
  parseFindQuestion(new URLSearchParams(query), architecture);

describe(parseFindQuestion.name, () => {
  it('reads what snapd asks', () => {
    expect(
      parse(
        'architecture=arm64&confinement=strict%2Cclassic&q=The+Tool&channel=edge&category=art&common-id=a.b.C',
        'amd64',
      ),
    ).toEqual({
      words: ['the', 'tool'],
      prefix: null,
      category: 'art',
      commonId: 'a.b.C',
      architecture: 'arm64',
      confinements: ['strict', 'classic'],
      channel: 'edge',
    });
    expect(parse('name=Fire', 'amd64')).toMatchObject({ words: [], prefix: 'fire', architecture: 'amd64' });
  });

  it('reads what clients of long ago ask', () => {
    expect(parse('q=package_name:%22jq%22&section=art')).toMatchObject({ words: [], prefix: 'jq', category: 'art' });
  });

  it('takes what is empty for what is not said', () => {
    const nothing = { prefix: null, category: null, commonId: null, confinements: null, channel: null };
    expect(parse('q=&name=&category=&common-id=&confinement=&channel=&architecture=', 'amd64')).toEqual({
      words: [],
      architecture: 'amd64',
      ...nothing,
    });
  });

  it.each([
    'q=!!!',
    'q=%00',
    'name=a%25',
    'name=%00',
    'category=a%20b',
    'common-id=a%00b',
    'common-id=a,b',
    'architecture=%00',
    'confinement=strict,%00',
    'private=true',
    `q=${'a'.repeat(61)}`,
  ])('knows that nothing can be meant by %s', (query) => {
    expect(parse(query)).toBeNull();
  });

  it('looks for the first few of many words', () => {
    expect(parse(`q=${'w+'.repeat(300)}`)?.words).toHaveLength(8);
    expect(() => parse(`q=${'w'.repeat(1001)}`)).toThrow(BadRequestError);
  });

  it('reads or refuses any query at all', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'q',
        'name',
        'category',
        'section',
        'common-id',
        'architecture',
        'confinement',
        'channel',
        'private',
      ),
      fc.string(),
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ maxLength: 1_200 }),
      fc.constantFrom('true', 'edge', 'a/b/c'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(part, value), { maxLength: 8 }), (pairs) => {
        const parameters = new URLSearchParams(pairs);
        try {
          const question = parseFindQuestion(parameters, null);
          fieldsOf(parameters);
          const texts = [
            question?.words,
            question?.prefix,
            question?.category,
            question?.commonId,
            question?.architecture,
          ];
          // PostgreSQL takes no NUL in a text.
          expect(JSON.stringify([texts, question?.confinements])).not.toContain('\\u0000');
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
