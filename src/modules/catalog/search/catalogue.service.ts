import { gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';

import { WatchedCache } from '../../../platform/cache/watched-cache.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { type Answer, type AnswerHeaders, JSON_TYPE } from '../../../platform/http/answer.js';
import type { DeviceView } from '../device/device-admission.js';
import { FEATURED, parseFindQuestion } from './find-question.js';
import { offerFor } from './offers.js';
import { SearchRepository } from './search.repository.js';

/** One for each kind of device that there is, about. */
const MAX_DOCUMENTS = 16;

/** snapd compares it with `==` (store/store.go, Sections). */
const HAL_JSON = 'application/hal+json';

/**
 * The documents that snapd keeps a local copy of, once a day, for completion and "command not found" (snapd:
 * overlord/snapstate/catalogrefresh.go).
 */
@Injectable()
export class CatalogueService {
  private readonly documents: WatchedCache<Answer>;

  constructor(
    private readonly rows: SearchRepository,
    changes: ChangeFeed,
  ) {
    this.documents = new WatchedCache(changes, {
      maxBytes: 64 * 1024 * 1024,
      maxEntries: MAX_DOCUMENTS,
      sizeOf: ({ body }) => 1.3 * (Buffer.isBuffer(body) ? body.length : 1_000),
      // It has something of nearly everything, and is asked for once a day by each device.
      isStaleAfter: () => true,
    });
  }

  /** Where something is to be found with `snap find --section`. Without an answer snapd would not ask for the names. */
  async sections(): Promise<Answer> {
    return this.documents.get('sections', async () => {
      const sections = (await this.categoryNames()).map((name) => ({ name }));
      return jsonDocument({ _embedded: { 'clickindex:sections': sections } }, HAL_JSON);
    });
  }

  /** The same for software centres (snapd 2.60 and later). */
  async categories(): Promise<Answer> {
    return this.documents.get('categories', async () => {
      return jsonDocument({ categories: (await this.categoryNames()).map((name) => ({ name })) }, JSON_TYPE);
    });
  }

  /**
   * Every snap that a device could install, by name, with the commands that come with it. snapd reads it token by token: the document
   * starts with these two keys.
   * @throws BadRequestError, InvalidChannelError
   */
  async names(query: string, deviceArchitecture: string | null, view: DeviceView): Promise<Answer> {
    const question = parseFindQuestion(new URLSearchParams(query), deviceArchitecture);
    const make = async (): Promise<Answer> => {
      const snaps = question === null ? [] : await this.rows.catalogue();
      const entries = snaps.flatMap(({ snapId, name, title, summary, offers, commands }) => {
        const offer = question === null || !view.mayHave(snapId) ? null : offerFor(offers, question);
        if (offer === null) return [];
        const { version } = offer.offered;
        return [{ package_name: name, version, summary: summary ?? '', title: title ?? name, ...commands }];
      });
      return jsonDocument({ _embedded: { 'clickindex:package': entries } }, HAL_JSON);
    };
    if (!view.isEverything || question === null) return make();
    const { architecture, confinements, channel, commonId } = question;
    return this.documents.get(JSON.stringify(['names', architecture, confinements, channel, commonId]), make);
  }

  /** What is featured comes first, even while that is nothing: everybody asks for it. */
  private async categoryNames(): Promise<string[]> {
    return [FEATURED, ...(await this.rows.categories()).filter((name) => name !== FEATURED)];
  }
}

function jsonDocument(value: unknown, type: string): Answer {
  const body = Buffer.from(JSON.stringify(value));
  const headers: AnswerHeaders = { 'content-type': type };
  let compressed: Buffer | null = null;
  return { status: 200, headers, body, gzip: () => (compressed ??= gzipSync(body)) };
}
