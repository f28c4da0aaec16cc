import { InvalidAnswerError, InvalidQuestionsError } from './registration-protocol.errors.js';

const MAX_QUESTIONS = 50;
const MAX_CHOICES = 50;
const MAX_QUESTION_LENGTH = 500;
const MAX_ANSWER_LENGTH = 1000;
const ID = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
// What would speak to the operator's terminal instead of to him.
const CONTROLS = /[\p{Cc}\p{Cf}]/u;

export type QuestionType = 'choice' | 'text' | 'bool';

/** Something that an authority wants to know of whoever registers a store. */
export interface Question {
  readonly id: string;
  readonly type: QuestionType;
  readonly text: string;
  readonly required: boolean;
  /** One of these is the answer; empty unless the type is `choice`. */
  readonly choices: readonly string[];
}

export type Answer = string | boolean;
/** By the ids of the questions. */
export type Answers = Readonly<Record<string, Answer>>;

/** @throws InvalidQuestionsError naming the question that is not one */
export function parseQuestions(value: unknown): Question[] {
  if (!Array.isArray(value)) throw new InvalidQuestionsError('the questions are not a list');
  if (value.length > MAX_QUESTIONS) throw new InvalidQuestionsError(`there are more than ${MAX_QUESTIONS} questions`);
  const questions = value.map((one: unknown, index) => parseQuestion(one, index + 1));
  const ids = new Set(questions.map(({ id }) => id));
  if (ids.size < questions.length) throw new InvalidQuestionsError('two questions have the same id');
  return questions;
}

/**
 * The answers, each of them one that its question takes, all that are required among them and no others.
 * @throws InvalidAnswerError
 */
export function checkAnswers(questions: readonly Question[], given: unknown): Answers {
  if (!isObject(given)) throw new InvalidAnswerError('all', 'is not an object of question ids and answers');
  const byId = new Map(questions.map((question) => [question.id, question]));
  const stray = Object.keys(given).find((id) => !byId.has(id));
  if (stray !== undefined) throw new InvalidAnswerError(stray.slice(0, 64), 'is to a question that is not asked');
  const answers: [string, Answer][] = [];
  for (const question of questions) {
    const answer = Object.hasOwn(given, question.id) ? given[question.id] : null;
    if (answer === undefined || answer === null || answer === '') {
      if (question.required) throw new InvalidAnswerError(question.id, 'is missing, and required');
    } else answers.push([question.id, checkAnswer(question, answer)]);
  }
  return Object.fromEntries(answers);
}

/** @throws InvalidAnswerError */
export function checkAnswer({ id, type, choices }: Question, answer: unknown): Answer {
  switch (type) {
    case 'bool':
      if (typeof answer === 'boolean') return answer;
      throw new InvalidAnswerError(id, 'is neither true nor false');
    case 'choice':
      if (typeof answer === 'string' && choices.includes(answer)) return answer;
      throw new InvalidAnswerError(id, `is none of: ${choices.join(', ')}`);
    case 'text':
      if (isText(answer, MAX_ANSWER_LENGTH)) return answer;
      throw new InvalidAnswerError(id, `is no line of text of up to ${MAX_ANSWER_LENGTH} characters`);
  }
}

function parseQuestion(value: unknown, number: number): Question {
  const refuse = (why: string): InvalidQuestionsError => new InvalidQuestionsError(`question ${number} ${why}`);
  if (!isObject(value)) throw refuse('is no object');
  const { id, type, text, required = false, choices = [] } = value;
  if (typeof id !== 'string' || !ID.test(id)) throw refuse('has no usable id (lower case letters, digits and dashes)');
  if (type !== 'choice' && type !== 'text' && type !== 'bool')
    throw refuse('has a type that is not choice, text or bool');
  if (!isText(text, MAX_QUESTION_LENGTH)) throw refuse(`has no text of up to ${MAX_QUESTION_LENGTH} characters`);
  if (typeof required !== 'boolean') throw refuse('does not say in true or false whether it is required');
  if (!Array.isArray(choices) || choices.length > MAX_CHOICES) throw refuse(`has more than ${MAX_CHOICES} choices`);
  if (choices.length > 0 !== (type === 'choice'))
    throw refuse('has choices and no type choice, or the other way round');
  const texts = choices.map((choice: unknown) => {
    if (isText(choice, MAX_ANSWER_LENGTH)) return choice;
    throw refuse('has a choice that is no text');
  });
  return { id, type, text, required, choices: texts };
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength && !CONTROLS.test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
