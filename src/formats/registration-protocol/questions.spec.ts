import { describe, expect, it } from 'vitest';

import { checkAnswers, InvalidAnswerError, InvalidQuestionsError, parseQuestions } from './index.js';

const LIST = [
  { id: 'use', type: 'choice', text: 'What is it for?', required: true, choices: ['a lab', 'production'] },
  { id: 'owner', type: 'text', text: 'Who runs it?' },
  { id: 'backups', type: 'bool', text: 'Is it backed up?' },
];

describe(parseQuestions.name, () => {
  it('reads the three kinds', () => {
    expect(parseQuestions(LIST).map(({ id, type, required, choices }) => [id, type, required, choices])).toEqual([
      ['use', 'choice', true, ['a lab', 'production']],
      ['owner', 'text', false, []],
      ['backups', 'bool', false, []],
    ]);
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['too many', Array.from({ length: 51 }, (_, index) => ({ ...LIST[1], id: `q${index}` }))],
    ['no object', ['use']],
    ['an id with a blank', [{ ...LIST[1], id: 'who is' }]],
    ['an id twice', [LIST[1], LIST[1]]],
    ['another type', [{ ...LIST[1], type: 'number' }]],
    ['no text', [{ ...LIST[1], text: ' ' }]],
    ['a text that speaks to the terminal', [{ ...LIST[1], text: 'who\u001b[2J?' }]],
    ['a choice without choices', [{ ...LIST[0], choices: [] }]],
    ['choices of something else', [{ ...LIST[1], choices: ['a'] }]],
    ['a choice that is no text', [{ ...LIST[0], choices: [1] }]],
    ['required that is no boolean', [{ ...LIST[1], required: 'yes' }]],
  ])('refuses %s', (_, value) => {
    expect(() => parseQuestions(value)).toThrow(InvalidQuestionsError);
  });
});

describe(checkAnswers.name, () => {
  const questions = parseQuestions(LIST);

  it('keeps what was answered', () => {
    expect(checkAnswers(questions, { use: 'a lab', owner: '', backups: false })).toEqual({
      use: 'a lab',
      backups: false,
    });
  });

  it('takes nothing for an answer that nobody gave', () => {
    const odd = parseQuestions([{ id: 'constructor', type: 'text', text: 'Who built it?' }]);
    expect(checkAnswers(odd, {})).toEqual({});
  });

  it.each<[string, unknown]>([
    ['no object', 'a lab'],
    ['a missing one that is required', { owner: 'me' }],
    ['one to another question', { use: 'a lab', size: 'large' }],
    ['one that is no choice', { use: 'nothing' }],
    ['one that is no text', { use: 'a lab', owner: 7 }],
    ['one that is too long', { use: 'a lab', owner: 'x'.repeat(1001) }],
    ['one that is neither true nor false', { use: 'a lab', backups: 'yes' }],
    ['one that only an object of JavaScript has', { use: 'a lab', constructor: 'x' }],
  ])('refuses %s', (_, given) => {
    expect(() => checkAnswers(questions, given)).toThrow(InvalidAnswerError);
  });
});
