import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ArchitectureUnsupportedError } from './offline-bundle.errors.js';
import { assertArchitectureSupported, BUNDLE_ARCHITECTURES, ownArchitecture } from './architectures.js';

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package-lock.json'), 'utf8')) as {
  packages: Record<string, { version: string; integrity: string; cpu: string[] } | undefined>;
};

describe(assertArchitectureSupported.name, () => {
  it.each(BUNDLE_ARCHITECTURES)('carries to %s the database that package-lock.json has', (architecture) => {
    const { database, nodeArch } = assertArchitectureSupported(architecture);
    const { version, integrity } = database;
    expect(lock.packages[`node_modules/${database.name}`]).toMatchObject({ version, integrity, cpu: [nodeArch] });
  });

  it.each(BUNDLE_ARCHITECTURES)('carries to %s a Node.js 24 by an exact version and digest', (architecture) => {
    const { runtime, nodeArch } = assertArchitectureSupported(architecture);
    expect(runtime.name).toBe(`node-linux-${nodeArch}`);
    expect(runtime.version).toMatch(/^24\.\d+\.\d+$/);
    expect(Buffer.from(runtime.integrity.replace('sha512-', ''), 'base64')).toHaveLength(64);
  });

  it.each(['riscv64', 'x86_64', 'x64', '', 'amd64\n'])('refuses "%s"', (architecture) => {
    expect(() => assertArchitectureSupported(architecture)).toThrow(ArchitectureUnsupportedError);
    expect(() => assertArchitectureSupported(architecture)).toThrow('amd64 and arm64');
  });

  it("knows this machine by snapd's name", () => {
    expect([ownArchitecture('x64'), ownArchitecture('arm64'), ownArchitecture('s390x')]).toEqual([
      'amd64',
      'arm64',
      's390x',
    ]);
  });
});
