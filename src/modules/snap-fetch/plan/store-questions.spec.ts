import { describe, expect, it } from 'vitest';

import { InMemoryOnlineStore } from '../../../../test/support/in-memory-online-store.js';
import { type StoreAnswer, type StoreInfo, type StoreWish, UpstreamAnswerError } from '../../upstream/index.js';
import { StoreQuestions } from './store-questions.js';

const wish: StoreWish = {
  name: 'jq',
  snapId: null,
  architecture: 'amd64',
  channel: null,
  revision: null,
  cohortKey: null,
};

/** Offers jq and yq, and answers as the test says. */
class LyingStore extends InMemoryOnlineStore {
  constructor(
    private readonly lie: {
      readonly answers?: (answers: StoreAnswer[]) => StoreAnswer[];
      readonly info?: (info: StoreInfo) => StoreInfo;
    },
  ) {
    super();
    for (const name of ['jq', 'yq']) this.offer(name, [{ revision: 6, channels: ['latest/stable'] }]);
  }

  override async resolve(wishes: readonly StoreWish[]): Promise<StoreAnswer[]> {
    const answers = await super.resolve(wishes);
    return this.lie.answers?.(answers) ?? answers;
  }

  override async info(...args: Parameters<InMemoryOnlineStore['info']>): Promise<StoreInfo | null> {
    const info = await super.info(...args);
    return info === null ? null : (this.lie.info?.(info) ?? info);
  }
}

function asking(lie: ConstructorParameters<typeof LyingStore>[0]): StoreQuestions {
  return new StoreQuestions(new LyingStore(lie), ['amd64'], {
    signal: new AbortController().signal,
    onAsk: () => undefined,
  });
}

/** The answer's revision, one thing of it changed. */
function revised(change: object) {
  return (answers: StoreAnswer[]): StoreAnswer[] =>
    answers.map((answer) => (answer.found ? { ...answer, revision: { ...answer.revision, ...change } } : answer));
}

describe('an answer', () => {
  it.each([
    ['of another name', wish, revised({ name: 'yq' }), 'it sends yq'],
    [
      'of another snap-id',
      { ...wish, snapId: 'j'.repeat(32) },
      revised({ snapId: 'y'.repeat(32) }),
      'it sends snap-id yyy',
    ],
    ['of another revision', { ...wish, revision: 6 }, revised({ revision: 5 }), 'it sends revision 5'],
    ['that is missing', wish, () => [], 'it says nothing'],
  ])('%s is refused', async (_, asked, answers, problem) => {
    const work = asking({ answers }).resolve([asked]);
    await expect(work).rejects.toThrow(UpstreamAnswerError);
    await expect(work).rejects.toThrow(`answers for another snap than jq: ${problem}`);
  });

  it('about another snap is refused', async () => {
    const info = (honest: StoreInfo): StoreInfo => ({ ...honest, details: { ...honest.details, name: 'yq' } });
    await expect(asking({ info }).learnAbout(['jq'])).rejects.toThrow('it describes yq');
  });

  it('is asked for once', async () => {
    const store = new LyingStore({});
    const questions = new StoreQuestions(store, ['amd64'], {
      signal: new AbortController().signal,
      onAsk: () => undefined,
    });
    await questions.learnAbout(['jq', 'yq', 'jq']);
    await questions.learnAbout(['yq', 'nosuch']);
    expect(store.asked).toEqual(['info jq', 'info yq', 'info nosuch']);
    expect([questions.infoOf('jq')?.details.name, questions.infoOf('nosuch')]).toEqual(['jq', null]);
  });
});
