import type { Answers, Question } from '../../formats/registration-protocol/index.js';
import type { Credentials, LoginRefusedError, Registrant } from '../../modules/registration/index.js';
import { environmentVariable } from '../../platform/config/environment.js';
import { InputNeededError } from '../cli.errors.js';
import type { CommandLineIo } from '../io.js';
import { Prompter } from '../prompt.js';
import { askQuestions } from './survey.js';

const EMAIL = 'SNAPSTORE_EMAIL';
const PASSWORD = 'SNAPSTORE_PASSWORD';
const OTP = 'SNAPSTORE_OTP';
const MAX_ATTEMPTS = 3;
const ACCOUNT_NEEDED = `the account is needed, and there is no terminal to ask at: set ${EMAIL} and ${PASSWORD}`;

export interface PreparedAnswers {
  /** What `--answers` holds; null without it. */
  readonly given: Answers | null;
  /** `--skip-questions`. */
  readonly areSkipped: boolean;
}

/** The person at the command line: the environment speaks for him where it can, and he is asked where there is a terminal. */
export class OperatorAtTerminal implements Registrant {
  private attempts = 0;

  constructor(
    private readonly io: CommandLineIo,
    private readonly prepared: PreparedAnswers,
    /** Told before a question appears: whatever is drawn there has to make room. */
    private readonly makeRoom: () => void,
  ) {}

  /** @throws InputNeededError where nobody could say whose account it is; found before anybody is contacted */
  static mustBeKnown(io: CommandLineIo): void {
    const isGiven = environmentVariable(EMAIL) !== null && environmentVariable(PASSWORD) !== null;
    if (!isGiven && !Prompter.isPossible(io)) throw new InputNeededError(ACCOUNT_NEEDED);
  }

  async credentials(refusal: LoginRefusedError | null): Promise<Omit<Credentials, 'otp'>> {
    const [email, password] = [environmentVariable(EMAIL), environmentVariable(PASSWORD)];
    if (email !== null && password !== null) {
      if (refusal !== null) throw refusal;
      return { email, password };
    }
    this.mustBeAbleToAsk(refusal, ACCOUNT_NEEDED);
    return this.ask(async (prompter) => {
      if (refusal !== null) prompter.say(refusal.message);
      return {
        email: email ?? (await prompter.line('E-mail: ')),
        password: password ?? (await prompter.hidden('Password: ')),
      };
    });
  }

  async otp(refusal: LoginRefusedError | null): Promise<string> {
    const otp = environmentVariable(OTP);
    if (otp !== null) {
      // It is good once: the same again cannot be right.
      if (refusal !== null) throw refusal;
      return otp;
    }
    this.mustBeAbleToAsk(
      refusal,
      `the account needs a one-time password, and there is no terminal to ask at: set ${OTP}`,
    );
    return this.ask(async (prompter) => {
      if (refusal !== null) prompter.say(refusal.message);
      return prompter.line('One-time password: ');
    });
  }

  async answers(questions: readonly Question[]): Promise<Answers> {
    const { given, areSkipped } = this.prepared;
    if (given !== null) return given;
    const required = questions.filter((question) => question.required);
    if (areSkipped) {
      if (required.length === 0) return {};
      const ids = required.map(({ id }) => id).join(', ');
      throw new InputNeededError(
        `the authority wants these questions answered: ${ids}; without --skip-questions they are asked, or --answers FILE answers them`,
      );
    }
    if (!Prompter.isPossible(this.io)) {
      const ids = questions.map(({ id, required: isRequired }) => (isRequired ? `${id} (required)` : id)).join(', ');
      throw new InputNeededError(
        `the authority has questions, and there is no terminal to ask at: ${ids}; give --answers FILE, or --skip-questions where none is required`,
      );
    }
    return this.ask((prompter) => askQuestions(prompter, questions));
  }

  private mustBeAbleToAsk(refusal: LoginRefusedError | null, otherwise: string): void {
    this.attempts += 1;
    if (refusal !== null && (this.attempts > MAX_ATTEMPTS || !Prompter.isPossible(this.io))) throw refusal;
    if (!Prompter.isPossible(this.io)) throw new InputNeededError(otherwise);
  }

  private ask<T>(work: (prompter: Prompter) => Promise<T>): Promise<T> {
    this.makeRoom();
    return Prompter.with(this.io, work);
  }
}
