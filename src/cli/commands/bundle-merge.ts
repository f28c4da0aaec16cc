import { basename, resolve } from 'node:path';
import type { Command } from 'commander';

import type { BundleManifest, BundleSource, ManifestSigner } from '../../formats/bundle/index.js';
import type { OpenBundle } from '../bundle/bundle-contents.js';
import type { MergeReport } from '../bundle/merge.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { repeatable } from '../options.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

interface MergeOptions {
  readonly output: string;
  readonly unsigned?: boolean;
  readonly split?: string;
  readonly extraRoot: string[];
}

export function addBundleMerge(bundle: Command, commandLine: CommandLine): void {
  const merge = bundle
    .command('merge')
    .description('make one bundle of several, all of it verified; signed where this data folder has a signer')
    .argument('<file...>', 'bundles, packed, unpacked or in parts')
    .requiredOption('--output <file>', 'the bundle to write')
    .option('--unsigned', 'do not sign it, whether or not there is a signer')
    .option('--split <size>', 'write parts of this size, such as 4GB')
    .option('--extra-root <file>', "trust the accounts in this file beside Canonical's (repeatable)", repeatable, [])
    .action((files: string[], options: MergeOptions) =>
      commandLine.run((session) => mergeFiles(session, files, options)),
    );
  example(merge, 'snap-store-proxy bundle merge jq-*.tar.gz yq-*.tar.gz --output tools.tar.gz');
}

async function mergeFiles(session: Session, files: readonly string[], options: MergeOptions): Promise<undefined> {
  const { bundleSources } = await import('../bundle/bundle-sources.js');
  const sources = await bundleSources(files);
  if (sources.length < 2) throw new UsageError('at least two bundles make one');
  const report = await withSigner(session, options.unsigned === true, (signing) =>
    mergeSources(session, sources, options, signing),
  );
  session.out.result(report, () => renderMerge(report));
}

/** Who signs, and for whose bundles. */
interface Signing {
  readonly signer: ManifestSigner | null;
  /** Whoever signs vouches for what others said. @throws SignerUnknownError, SignatureRequiredError */
  readonly check: (bundle: OpenBundle) => Promise<void>;
}

async function withSigner<T>(
  session: Session,
  isUnsigned: boolean,
  work: (signing: Signing) => Promise<T>,
): Promise<T> {
  const unsigned: Signing = { signer: null, check: () => Promise.resolve() };
  const { hasDatabase } = await import('../../platform/database/presence.js');
  const uri = (await session.bootstrapSettings()).get('proxy.db.connection');
  if (isUnsigned || !(await hasDatabase(session.dataDir, uri))) return work(unsigned);
  return session.withStore(async (store) => {
    const [{ SigningService }, imports] = await Promise.all([
      import('../../modules/keys/index.js'),
      import('../../modules/snap-import/index.js'),
    ]);
    const signer = await store.get(SigningService).manifestSigner();
    if (signer === null) {
      session.out.note(
        'the merged bundle is not signed: there is no signer ("snap-store-proxy generate-keys" makes one)',
      );
      return work(unsigned);
    }
    const known = new Set((await store.get(imports.SignerService).list()).map(({ keyId }) => keyId));
    const check = ({ file, signer: by }: OpenBundle): Promise<void> => {
      const place = { file, member: null };
      if (by === null)
        throw new imports.SignatureRequiredError(
          place,
          'is not signed, so it cannot become part of what is (--unsigned)',
        );
      if (by !== signer.keyId && !known.has(by)) throw new imports.SignerUnknownError(place, by);
      return Promise.resolve();
    };
    return work({ signer, check });
  });
}

async function mergeSources(
  session: Session,
  sources: readonly BundleSource[],
  { output, split, extraRoot }: MergeOptions,
  { signer, check }: Signing,
): Promise<MergeReport> {
  const [{ OpenBundle }, { mergeBundles }, { readTrustedRoots }, { parsePartSize }] = await Promise.all([
    import('../bundle/bundle-contents.js'),
    import('../bundle/merge.js'),
    import('../../modules/assertions/offline.js'),
    import('../../formats/bundle/index.js'),
  ]);
  const partBytes = split === undefined ? null : parsePartSize(split);
  const roots = await readTrustedRoots(extraRoot);
  const tool: BundleManifest['tool'] = { name: 'snap-store-proxy', version: packageVersion() };
  const progress = session.progress(basename(output));
  const bundles: OpenBundle[] = [];
  try {
    for (const source of sources) {
      const bundle = await OpenBundle.open(source, session.signal, 'consumer');
      bundles.push(bundle);
      await check(bundle);
    }
    return await mergeBundles(bundles, {
      output: resolve(output),
      roots,
      signer,
      tool,
      partBytes,
      signal: session.signal,
      onProgress: (state) => {
        progress.report(state);
      },
    });
  } finally {
    progress.end();
    for (const bundle of bundles) await bundle.close();
  }
}

function renderMerge({ files, bundleId, sizeBytes, signer, from, snaps, assertions, assumes }: MergeReport): string {
  return [
    ...from.map(({ file, created, signer: by }) => `from ${file}: made ${created}, ${signedBy(by)}`),
    ...snaps.map(({ name, revisions }) => `  ${name} ${revisions.join(', ')}`.trimEnd()),
    ...assumes.map((what) => `  counts on ${what} in the store`),
    ...files.map((file) => `wrote ${file}`),
    `${counted(snaps.length, 'snap')}, ${counted(assertions, 'assertion')}, ${renderBytes(sizeBytes)}, ${signedBy(signer)}; id ${bundleId}`,
  ].join('\n');
}

function signedBy(signer: string | null): string {
  return signer === null ? 'not signed' : `signed by ${signer}`;
}
