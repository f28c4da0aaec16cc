import {
  type Answer,
  type Answers,
  checkAnswer,
  InvalidAnswerError,
  type Question,
} from '../../formats/registration-protocol/index.js';
import type { Prompter } from '../prompt.js';

/** Asks one question after the other; one that cannot be taken is asked again, and an empty answer leaves out what is not required. */
export async function askQuestions(prompter: Prompter, questions: readonly Question[]): Promise<Answers> {
  prompter.say('The authority would like to know:');
  const answers: Record<string, Answer> = {};
  for (const question of questions) {
    const answer = await askOne(prompter, question);
    if (answer !== null) answers[question.id] = answer;
  }
  return answers;
}

async function askOne(prompter: Prompter, question: Question): Promise<Answer | null> {
  prompter.say(question.required ? question.text : `${question.text} (may be left empty)`);
  question.choices.forEach((choice, index) => {
    prompter.say(`  ${index + 1}) ${choice}`);
  });
  for (;;) {
    const typed = await prompter.line(question.type === 'bool' ? '(yes or no) > ' : '> ');
    if (typed === '' && !question.required) return null;
    try {
      return checkAnswer(question, meaningOf(question, typed));
    } catch (error) {
      if (!(error instanceof InvalidAnswerError)) throw error;
      prompter.say(`${error.message}.`);
    }
  }
}

function meaningOf({ type, choices }: Question, typed: string): Answer {
  if (type === 'choice' && /^[0-9]{1,3}$/.test(typed)) return choices[Number(typed) - 1] ?? typed;
  if (type !== 'bool') return typed;
  const [letter = ''] = typed.toLowerCase();
  return letter === 'y' || (letter === 'n' ? false : typed);
}
