import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { clientScripts } from './client.js';
import { runOrThrow } from './run.js';

/** snapd's interface policy names the snap called snapd by this snap-id, so no other one will do. */
const SNAPD_SNAP_ID = 'PMrrV4ml8uWuEUDBT8dSGnKUYbevVhc4';

export interface SnapOptions {
  /** meta/snap.yaml: lines that are added to name, version and summary, instead of those of a small app on core22. */
  readonly yaml?: string;
  readonly sizeBytes?: number;
  /** A file that is put into the snap; revisions with the same one differ little. */
  readonly payload?: string;
  /** A folder whose files are put into the snap. */
  readonly root?: string;
  readonly compressor?: 'xz' | 'zstd' | 'gzip' | 'lzo' | 'lz4';
  /** Further headers of a new snap-declaration. */
  readonly declaration?: Readonly<Record<string, unknown>>;
}

/** Makes snaps that snapd's own code signed for its public test root, as pairs that `snap download` wrote. */
export class SnapMaker {
  constructor(private readonly folder: string) {}

  /** @returns the path of the pair's `.snap`; its `.assert` lies beside it */
  async make(name: string, revision: number, options: SnapOptions = {}): Promise<string> {
    const args: string[] = [];
    if (options.yaml !== undefined) {
      const file = join(this.folder, `${name}_${revision}.yaml`);
      const head = `name: ${name}\nversion: "${revision}.0"\nsummary: The ${name} of the tests\ndescription: A small snap.\n`;
      await writeFile(file, `${head}${options.yaml}\n`);
      args.push('--yaml', file);
    }
    if (options.sizeBytes !== undefined) args.push('--size', String(options.sizeBytes));
    if (options.payload !== undefined) args.push('--payload', options.payload);
    if (options.root !== undefined) args.push('--root', options.root);
    if (options.compressor !== undefined) args.push('--compressor', options.compressor);
    if (options.declaration !== undefined) args.push('--declaration', JSON.stringify(options.declaration));
    await runOrThrow(clientScripts.makePair, [...args, this.folder, name, String(revision), snapIdOf(name)]);
    return join(this.folder, `${name}_${revision}.snap`);
  }

  /** What a classic device installs before its first app: the base and the snapd snap. */
  async essentials(): Promise<string[]> {
    return [await this.make('core22', 1), await this.make('snapd', 1)];
  }
}

/** The snap-id that a name has throughout the suite. */
export function snapIdOf(name: string): string {
  if (name === 'snapd') return SNAPD_SNAP_ID;
  const letters = name.replaceAll('-', '');
  return letters.repeat(Math.ceil(32 / letters.length)).slice(0, 32);
}
