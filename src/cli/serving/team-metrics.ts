import type { Worker } from 'node:cluster';

import { type CollectedMetric, type MetricsSource, Teammates } from '../../observability/index.js';

/** A worker that hangs must not make a scrape hang. */
const PATIENCE_MS = 2_000;

/** Messages between the workers, which only their primary can pass on. */
type TeamMessage =
  | { readonly team: 'ask'; readonly id: number }
  | { readonly team: 'asked'; readonly id: number; readonly by: number }
  | { readonly team: 'told'; readonly id: number; readonly by: number; readonly metrics: readonly CollectedMetric[] }
  | { readonly team: 'expect'; readonly id: number; readonly answers: number };

function isTeamMessage(message: unknown): message is TeamMessage {
  return typeof message === 'object' && message !== null && 'team' in message;
}

/** The primary's part: passes questions to the others, and their answers back. @returns whether the message was one of these */
export function passOn(message: unknown, from: Worker, team: ReadonlySet<Worker>): boolean {
  if (!isTeamMessage(message)) return false;
  if (message.team === 'ask') {
    const others = [...team].filter((worker) => worker !== from);
    tell(from, { team: 'expect', id: message.id, answers: others.length });
    for (const worker of others) tell(worker, { team: 'asked', id: message.id, by: from.id });
  } else if (message.team === 'told') {
    const asker = [...team].find(({ id }) => id === message.by);
    if (asker !== undefined) tell(asker, message);
  }
  return true;
}

function tell(worker: Worker, message: TeamMessage): void {
  if (worker.isConnected()) worker.send(message);
}

interface Question {
  readonly answers: (readonly CollectedMetric[])[];
  expected: number | null;
  readonly settle: () => void;
}

/** A worker's part: asks the others, and answers them. */
export class ClusterTeammates extends Teammates {
  private readonly questions = new Map<number, Question>();
  private next = 0;

  constructor(private readonly own: MetricsSource) {
    super();
    process.on('message', (message: unknown) => {
      if (isTeamMessage(message)) this.hear(message);
    });
  }

  collect(): Promise<readonly (readonly CollectedMetric[])[]> {
    const id = this.next++;
    return new Promise((resolve) => {
      const answers: (readonly CollectedMetric[])[] = [];
      const settle = (): void => {
        clearTimeout(timer);
        this.questions.delete(id);
        resolve(answers);
      };
      const timer = setTimeout(settle, PATIENCE_MS);
      this.questions.set(id, { answers, expected: null, settle });
      this.say({ team: 'ask', id });
    });
  }

  private hear(message: TeamMessage): void {
    if (message.team === 'asked') {
      void this.own.collectOwn().then((metrics) => {
        this.say({ team: 'told', id: message.id, by: message.by, metrics });
      });
      return;
    }
    const question = this.questions.get(message.id);
    if (question === undefined) return;
    if (message.team === 'expect') question.expected = message.answers;
    if (message.team === 'told') question.answers.push(message.metrics);
    if (question.expected !== null && question.answers.length >= question.expected) question.settle();
  }

  private say(message: TeamMessage): void {
    if (process.connected) process.send?.(message);
  }
}
