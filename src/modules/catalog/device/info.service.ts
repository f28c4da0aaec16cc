import { gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';

import { SharedTexts } from '../../../kernel/shared-texts.js';
import { type Answer, byteText, JSON_TYPE } from '../../../platform/http/answer.js';
import { SnapNotHeldError } from '../catalog.errors.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { type DeviceView, WHOLE_CATALOG } from './device-admission.js';
import { infoDocument } from './info-document.js';

/** Queries come from the network; what is longer than any that snapd sends is answered but not remembered. */
const MAX_QUERY_LENGTH = 1_000;

const HEADERS = { 'content-type': JSON_TYPE };

/** Answers `GET v2/snaps/info/{name}` with bytes that are made once and sent many times. */
@Injectable()
export class InfoService {
  /** Of all snaps the same few questions are asked. */
  private readonly shared = new SharedTexts();

  constructor(private readonly snapshot: CatalogSnapshot) {}

  /**
   * @param query as it came, percent-encoded
   * @throws SnapNotHeldError; also where nothing of the snap is for the device's architecture, which is "not found" to snapd
   */
  answer(
    name: string,
    query: string,
    deviceArchitecture: string | null,
    baseUrl: string,
    view: DeviceView = WHOLE_CATALOG,
  ): Answer | Promise<Answer> {
    const entry = this.snapshot.byName(name);
    const answer = (found: CatalogEntry | null): Answer => {
      if (found === null || !view.mayHave(found.snapId)) throw new SnapNotHeldError(name);
      return this.of(found, query, deviceArchitecture, baseUrl);
    };
    return entry instanceof Promise ? entry.then(answer) : answer(entry);
  }

  private of(entry: CatalogEntry, query: string, deviceArchitecture: string | null, baseUrl: string): Answer {
    const question = {
      architecture: this.shared.of(deviceArchitecture ?? ''),
      asked: this.shared.of(query),
      baseUrl: this.shared.of(baseUrl),
    };
    const known = entry.infos.find(question.architecture, question.asked, question.baseUrl);
    if (known !== null) return known;
    const { answer, sizeBytes } = this.make(entry, query, deviceArchitecture, baseUrl);
    if (query.length <= MAX_QUERY_LENGTH) entry.infos.keep(question, answer, sizeBytes);
    return answer;
  }

  private make(
    entry: CatalogEntry,
    query: string,
    deviceArchitecture: string | null,
    baseUrl: string,
  ): { answer: Answer; sizeBytes: number } {
    const parameters = new URLSearchParams(query);
    const architecture = textOrNull(parameters.get('architecture')) ?? deviceArchitecture;
    const fields = parameters.get('fields');
    const document = infoDocument(entry, {
      architecture,
      fields: fields === null ? null : new Set(fields.split(',')),
      baseUrl,
    });
    if (document === null) throw new SnapNotHeldError(entry.name);
    const body = byteText(JSON.stringify(document));
    let compressed: Buffer | null = null;
    const gzip = (): Buffer => (compressed ??= gzipSync(Buffer.from(body, 'latin1')));
    const answer = { status: 200, headers: HEADERS, body, gzip };
    return { answer, sizeBytes: Math.ceil(body.length * 1.5) + 500 };
  }
}

/** `architecture=` says as little as no architecture. */
function textOrNull(text: string | null): string | null {
  return text === '' ? null : text;
}
