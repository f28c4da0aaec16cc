export {
  type Answer,
  type Answers,
  checkAnswer,
  checkAnswers,
  parseQuestions,
  type Question,
  type QuestionType,
} from './questions.js';
export {
  InvalidAnswerError,
  InvalidQuestionsError,
  InvalidRegistrationRequestError,
} from './registration-protocol.errors.js';
export {
  openRegistrationRequest,
  type RegistrationRequest,
  type SignedRegistrationRequest,
  signRegistrationRequest,
} from './request.js';
