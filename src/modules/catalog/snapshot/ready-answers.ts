/** For whom an answer was made: all that it depends on besides the snap. Texts that are equal should be the same (SharedTexts). */
export interface Question {
  readonly architecture: string;
  /** The channel that a device follows, as it wrote it; of an info request its query. */
  readonly asked: string;
  readonly baseUrl: string;
}

interface Kept<T> extends Question {
  readonly answer: T;
  readonly sizeBytes: number;
}

const MAX_ANSWERS = 4;

/**
 * Answers about one snap that were sent and will be asked for again. They belong to the snap's entry in the snapshot and go with
 * it, so they need no look-up of their own: on a large catalogue each look-up is several waits for memory. For the same reason the
 * latest answer, nearly always the only one, lies in here rather than in a list. Whoever keeps the entry counts `maxBytes` for them.
 */
export class ReadyAnswers<T extends object | string> {
  private architecture = '';
  private asked = '';
  private baseUrl = '';
  private answer: T | null = null;
  private answerBytes = 0;
  /** What was kept before the latest, oldest first. */
  private readonly earlier: Kept<T>[] = [];
  private sizeBytes = 0;

  constructor(readonly maxBytes: number) {}

  find(architecture: string, asked: string, baseUrl: string): T | null {
    if (this.asked === asked && this.architecture === architecture && this.baseUrl === baseUrl) return this.answer;
    for (const kept of this.earlier) {
      if (kept.asked === asked && kept.architecture === architecture && kept.baseUrl === baseUrl) return kept.answer;
    }
    return null;
  }

  /** Makes room by letting go of what was kept first. @returns false where it is too large by itself */
  keep({ architecture, asked, baseUrl }: Question, answer: T, sizeBytes: number): boolean {
    if (sizeBytes > this.maxBytes) return false;
    this.setAside();
    while (this.earlier.length === MAX_ANSWERS || this.sizeBytes + sizeBytes > this.maxBytes) {
      this.sizeBytes -= this.earlier.shift()?.sizeBytes ?? 0;
    }
    this.sizeBytes += sizeBytes;
    this.architecture = architecture;
    this.asked = asked;
    this.baseUrl = baseUrl;
    this.answer = answer;
    this.answerBytes = sizeBytes;
    return true;
  }

  private setAside(): void {
    const { architecture, asked, baseUrl, answer, answerBytes } = this;
    if (answer === null) return;
    this.earlier.push({ architecture, asked, baseUrl, answer, sizeBytes: answerBytes });
    this.answer = null;
  }
}
