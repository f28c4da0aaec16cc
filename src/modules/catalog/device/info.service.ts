import { gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { type Answer, byteText, JSON_TYPE } from '../../../platform/http/answer.js';
import { SnapNotHeldError } from '../catalog.errors.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { infoDocument } from './info-document.js';

const MAX_BYTES = 64 * 1024 * 1024;
/** Queries come from the network; what is longer than any that snapd sends is answered but not remembered. */
const MAX_KEY_LENGTH = 1_000;

interface Ready {
  /** What it was made from; anything newer makes it stale. */
  readonly entry: CatalogEntry;
  readonly answer: Answer;
  readonly sizeBytes: number;
}

/** Answers `GET v2/snaps/info/{name}` with bytes that are made once and sent many times. */
@Injectable()
export class InfoService {
  private readonly ready = new LRUCache<string, Ready>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ sizeBytes }) => Math.ceil(sizeBytes),
  });

  constructor(private readonly snapshot: CatalogSnapshot) {}

  /**
   * @param query as it came, percent-encoded
   * @throws SnapNotHeldError; also where nothing of the snap is for the device's architecture, which is "not found" to snapd
   */
  answer(name: string, query: string, deviceArchitecture: string | null, baseUrl: string): Answer | Promise<Answer> {
    const entry = this.snapshot.byName(name);
    if (entry instanceof Promise)
      return entry.then((found) => this.of(found, name, query, deviceArchitecture, baseUrl));
    return this.of(entry, name, query, deviceArchitecture, baseUrl);
  }

  private of(
    entry: CatalogEntry | null,
    name: string,
    query: string,
    deviceArchitecture: string | null,
    baseUrl: string,
  ): Answer {
    if (entry === null) throw new SnapNotHeldError(name);
    const key = `${entry.snapId} ${deviceArchitecture ?? ''} ${baseUrl} ${query}`;
    const known = this.ready.get(key);
    if (known?.entry === entry) return known.answer;
    const answer = this.make(entry, query, deviceArchitecture, baseUrl);
    if (key.length <= MAX_KEY_LENGTH) this.ready.set(key, { entry, ...answer });
    return answer.answer;
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
    const answer = { status: 200, headers: { 'content-type': JSON_TYPE }, body, gzip };
    return { answer, sizeBytes: body.length * 1.5 + 1_000 };
  }
}

/** `architecture=` says as little as no architecture. */
function textOrNull(text: string | null): string | null {
  return text === '' ? null : text;
}
