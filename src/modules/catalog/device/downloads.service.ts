import { Injectable } from '@nestjs/common';

import { StoreError } from '../../../kernel/store-error.js';
import type { Answer } from '../../../platform/http/answer.js';
import { BlobReader } from '../../blobs/index.js';
import { ComponentNotHeldError, DeltaNotHeldError, RevisionNotHeldError, SnapNotHeldError } from '../catalog.errors.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { type DeviceView, WHOLE_CATALOG } from './device-admission.js';
import { parseComponentFile, parseDeltaFile, parseDownloadFile } from './download-path.js';
import { fileAnswer, type FileWish } from './file-answer.js';

/** It is released and its file is missing or damaged, which `verify-store` tells the operator. */
export class FileNotServableError extends StoreError {
  readonly code = 'file-not-servable';

  constructor(file: string) {
    super(`the file ${file} is not in a state to be served`, { file });
  }
}

/** Answers downloads of snaps, their components, and the deltas between their revisions. */
@Injectable()
export class DownloadsService {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly blobs: BlobReader,
  ) {}

  /**
   * @param file as `download-path.ts` names them
   * @throws SnapNotHeldError, RevisionNotHeldError, ComponentNotHeldError, DeltaNotHeldError, FileNotServableError
   */
  async answer(file: string, wish: FileWish, view: DeviceView = WHOLE_CATALOG): Promise<Answer> {
    const blob = await this.blobs.find(await this.digestOf(file, view));
    if (blob === null) throw new FileNotServableError(file);
    return fileAnswer(blob, wish, { 'content-type': 'application/octet-stream' });
  }

  private async digestOf(file: string, view: DeviceView): Promise<string> {
    const wanted = parseDownloadFile(file);
    if (wanted === null)
      return file.endsWith('.delta') ? this.deltaDigest(file, view) : this.componentDigest(file, view);
    const entry = await this.snapshot.byId(wanted.snapId);
    if (entry === null || !view.mayHave(wanted.snapId)) throw new SnapNotHeldError(wanted.snapId);
    const revision = entry.revisions.get(wanted.revision);
    if (revision === undefined) throw new RevisionNotHeldError(entry.name, wanted.revision);
    return revision.sha3_384;
  }

  private async deltaDigest(file: string, view: DeviceView): Promise<string> {
    const wanted = parseDeltaFile(file);
    if (wanted === null) throw new DeltaNotHeldError(file);
    const entry = await this.snapshot.byId(wanted.snapId);
    const delta = entry?.deltas?.find(wanted.sourceRevision, wanted.targetRevision);
    if (!delta || !view.mayHave(wanted.snapId)) throw new DeltaNotHeldError(file);
    return delta.sha3_384;
  }

  private async componentDigest(file: string, view: DeviceView): Promise<string> {
    const wanted = parseComponentFile(file);
    if (wanted === null) throw new SnapNotHeldError(file);
    const entry = await this.snapshot.byId(wanted.snapId);
    const component = entry?.components?.find(wanted.name, wanted.revision);
    if (!component || !view.mayHave(wanted.snapId)) throw new ComponentNotHeldError(file);
    return component.sha3_384;
  }
}
