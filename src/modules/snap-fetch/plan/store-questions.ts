import type { Architecture } from '../../../kernel/architecture.js';
import { Channel, DEFAULT_TRACK } from '../../../kernel/channel.js';
import {
  type OnlineStore,
  type StoreAnswer,
  type StoreInfo,
  StoreInfoNotOfferedError,
  type StoreWish,
  UpstreamAnswerError,
} from '../../upstream/offline.js';
import { inParallel } from '../in-parallel.js';

/** The default risk of an install (snapd: cmd/snap/cmd_snap_op.go). */
const DEFAULT_RISK = 'stable';
const INFOS_AT_A_TIME = 4;

export interface QuestionOptions {
  readonly signal: AbortSignal;
  /** Told of each snap before the store is asked about it. */
  readonly onAsk: (name: string) => void;
}

/** Asks the online store about snaps, each question once. A store without an info endpoint is asked for nothing but revisions. */
export class StoreQuestions {
  private readonly infos = new Map<string, StoreInfo | null>();
  private offersInfo = true;

  /** @param architectures those that channel maps are asked for */
  constructor(
    private readonly store: OnlineStore,
    private readonly architectures: readonly Architecture[],
    private readonly options: QuestionOptions,
  ) {}

  /** What the store says of the snap itself; null where it says nothing, or nobody has asked. */
  infoOf(name: string): StoreInfo | null {
    return this.infos.get(name) ?? null;
  }

  async learnAbout(names: readonly string[]): Promise<void> {
    const unknown = [...new Set(names)].filter((name) => !this.infos.has(name));
    await inParallel(unknown, INFOS_AT_A_TIME, async (name) => {
      this.options.onAsk(name);
      this.infos.set(name, this.offersInfo ? await this.askInfo(name) : null);
    });
  }

  /** The channel that is meant by this text, or by none. Null where only the store knows. */
  channelOf(name: string, text: string | null): Channel | null {
    const info = this.infoOf(name);
    if (info === null) return text === null ? null : Channel.parse(text);
    return Channel.parseWithDefaultTrack(text ?? DEFAULT_RISK, info.defaultTrack ?? DEFAULT_TRACK);
  }

  /** In order. @throws UpstreamAnswerError where an answer is about something else */
  async resolve(wishes: readonly StoreWish[]): Promise<StoreAnswer[]> {
    if (wishes.length === 0) return [];
    const answers = await this.store.resolve(wishes, { signal: this.options.signal });
    for (const [index, wish] of wishes.entries()) checkAnswer(wish, answers[index]);
    return answers;
  }

  private async askInfo(name: string): Promise<StoreInfo | null> {
    try {
      const info = await this.store.info(name, this.architectures, { signal: this.options.signal });
      if (info !== null && info.details.name !== name) throw mismatch(name, `it describes ${info.details.name}`);
      return info;
    } catch (error) {
      if (!(error instanceof StoreInfoNotOfferedError)) throw error;
      this.offersInfo = false;
      return null;
    }
  }
}

function checkAnswer(wish: StoreWish, answer: StoreAnswer | undefined): void {
  if (answer === undefined) throw mismatch(wish.name, 'it says nothing');
  if (!answer.found) return;
  const { name, snapId, revision } = answer.revision;
  if (name !== wish.name) throw mismatch(wish.name, `it sends ${name}`);
  if (wish.snapId !== null && snapId !== wish.snapId) throw mismatch(name, `it sends snap-id ${snapId}`);
  if (wish.revision !== null && revision !== wish.revision) throw mismatch(name, `it sends revision ${revision}`);
}

function mismatch(name: string, what: string): UpstreamAnswerError {
  return new UpstreamAnswerError('the online store', `answers for another snap than ${name}: ${what}`);
}
