import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { decodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { packBundle, testBundle } from '../../support/bundles.js';

/** What `fetch-snaps` writes for the first of these snaps with all that it needs, out of pairs that `snap download` wrote. */
export async function bundleOf(pairs: readonly string[]): Promise<Buffer> {
  const snaps = await Promise.all(
    pairs.map(async (path) => {
      const stream = await readFile(path.replace(/\.snap$/, '.assert'));
      const assertions = await decodeAssertionStream(stream);
      const revision = assertions.find(({ type }) => type.name === 'snap-revision');
      const declaration = assertions.find(({ type }) => type.name === 'snap-declaration');
      if (revision === undefined || declaration === undefined) throw new Error(`${path} is no pair`);
      return {
        stream: { name: basename(path, '.snap'), bytes: stream },
        snap: {
          name: declaration.text('snap-name'),
          snapId: declaration.text('snap-id'),
          revisions: [
            {
              revision: Number(revision.text('snap-revision')),
              content: await readFile(path),
              channels: ['latest/stable'],
            },
          ],
        },
      };
    }),
  );
  return packBundle(
    testBundle({ snaps: snaps.map(({ snap }) => snap), assertions: snaps.map(({ stream }) => stream) }),
  );
}
