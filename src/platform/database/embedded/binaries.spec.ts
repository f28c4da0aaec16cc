import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findPackage, makeLibraryLinks } from './binaries.js';
import { EmbeddedPostgresUnsupportedError } from './embedded-postgres.errors.js';

describe(findPackage.name, () => {
  it.each([
    ['linux', 'riscv64'],
    ['darwin', 'arm64'],
    ['win32', 'x64'],
  ])('refuses %s on %s, and says what to do instead', async (platform, architecture) => {
    const found = findPackage(platform, architecture);
    await expect(found).rejects.toThrow(EmbeddedPostgresUnsupportedError);
    await expect(found).rejects.toThrow(`${platform} on ${architecture}: set proxy.db.connection`);
  });
});

describe(makeLibraryLinks.name, () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'library-links-'));
    await mkdir(join(root, 'native', 'lib'), { recursive: true });
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('makes what is missing, relative to the link, and leaves what is there', async () => {
    await list(['libpq.so.5.18', 'libpq.so.5'], ['libpq.so.5.18', 'libpq.so']);
    await symlink('elsewhere', join(root, 'native/lib/libpq.so'));
    await makeLibraryLinks(root);
    await makeLibraryLinks(root);
    expect(await readlink(join(root, 'native/lib/libpq.so.5'))).toBe('libpq.so.5.18');
    expect(await readlink(join(root, 'native/lib/libpq.so'))).toBe('elsewhere');
  });

  it('makes no link that leads or lies outside of the package', async () => {
    await list(['../../../etc/passwd', 'libpq.so'], ['libpq.so.5', '../../../outside.so']);
    await makeLibraryLinks(root);
    await expect(readlink(join(root, 'native/lib/libpq.so'))).rejects.toThrow('ENOENT');
    await expect(readlink(join(root, '../outside.so'))).rejects.toThrow('ENOENT');
  });

  function list(...links: [source: string, target: string][]): Promise<void> {
    const entries = links.map(([source, target]) => ({
      source: `native/lib/${source}`,
      target: `native/lib/${target}`,
    }));
    return writeFile(join(root, 'native', 'pg-symlinks.json'), JSON.stringify(entries));
  }
});
