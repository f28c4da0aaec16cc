import type { KeyProgress } from '../modules/keys/index.js';
import type { Progress } from './progress.js';
import type { Session } from './session.js';

/** Shows for how long a key has been in the making: nobody knows for how long it will. */
export class KeyProgressLine {
  private constructor(private readonly progress: Progress) {}

  static async during<T>(
    session: Session,
    what: string,
    work: (onProgress: (progress: KeyProgress) => void) => Promise<T>,
  ): Promise<T> {
    const line = new KeyProgressLine(session.progress(what));
    try {
      return await work((progress) => {
        line.report(progress);
      });
    } finally {
      line.progress.end();
    }
  }

  private report({ step, elapsedMs }: KeyProgress): void {
    this.progress.report({ step, done: Math.floor(elapsedMs / 1000), total: null, unit: 'seconds' });
  }
}
