import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sha3 } from '../../support/bundles.js';
import { type EmulatedOnlineStore, type Misbehaviour, startOnlineStore } from '../../support/online-store.js';
import { type SignedSnap, TestAuthority, testSnapId } from '../../support/test-authority.js';
import { type Outcome, Scene } from '../cli/scene.js';

interface Case {
  /** Which requests are answered so; about the description of the snap where it is absent. */
  readonly at?: (snap: SignedSnap) => string;
  readonly how: Misbehaviour;
  readonly exitCode: number;
  readonly says: RegExp;
}

const authority = TestAuthority.create();
const itsFile = ({ plan }: SignedSnap) => `${plan.snapId}_1.snap`;
const [, , otherStatement] = authority.snap({ name: 'other', snapId: testSnapId('other'), revision: 1 }).assertions;

/** By snap: what is wrong, and how the command has to end. */
const CASES: Readonly<Record<string, Case>> = {
  changed: {
    how: { kind: 'flip', atByte: 12_000 },
    at: itsFile,
    exitCode: 3,
    says: /^error: changed_1\.snap: the store sent content with the SHA3-384 digest \w+ instead of \w+ \(fetch-refused\)$/m,
  },
  swapped: {
    how: { kind: 'instead', body: otherStatement?.encoded ?? '' },
    at: ({ content }) => `snap-revision/${sha3(content).base64url}`,
    exitCode: 1,
    says: /^error: swapped_1\.snap: .* answers with the assertion snap-revision\/\S+ where snap-revision\/\S+ was asked for \(upstream-answer\)$/m,
  },
  elsewhere: {
    how: { kind: 'redirect', to: 'http://evil.example/elsewhere.snap' },
    at: itsFile,
    exitCode: 1,
    says: /^error: elsewhere_1\.snap: \S+ sends elsewhere \(http:\/\/evil\.example\/elsewhere\.snap\), which is not followed \(upstream-answer\)$/m,
  },
  captive: {
    how: { kind: 'html' },
    exitCode: 1,
    says: /^error: .*info\/captive answers 200 with a web page: .* \(upstream-answer\)$/m,
  },
  asked: {
    how: { kind: 'status', status: 429, headers: { 'retry-after': '7200' } },
    exitCode: 5,
    says: /^error: .*info\/asked cannot be reached: .*\(429\), and asks to wait 120 minutes \(upstream-unreachable\)$/m,
  },
  closed: {
    how: { kind: 'status', status: 401 },
    exitCode: 4,
    says: /^error: .*info\/closed does not let you in: it wants credentials \(401\) \(upstream-denied\)\nhint: .*--auth/m,
  },
};

describe('fetch-snaps from an upstream in whose way somebody stands', () => {
  let scene: Scene;
  let online: EmulatedOnlineStore;
  let outcomes: ReadonlyMap<string, Outcome>;

  beforeAll(async () => {
    scene = await Scene.open();
    const roots = await scene.write('roots.assert', authority.rootStream);
    online = await startOnlineStore({ authority });
    await scene.must('config', `proxy.upstream=${online.url}`, `proxy.trust.extra-roots=${roots}`);
    for (const [name, { how, at }] of Object.entries(CASES)) {
      const signed = authority.snap({ name, snapId: testSnapId(name), revision: 1 });
      await online.publish({ name, revision: 1, content: signed.content, stream: signed.stream });
      online.misbehave(at?.(signed) ?? `info/${name}`, how);
    }
    const run = async (name: string) => {
      const exportDir = join(scene.folder, name);
      await mkdir(exportDir);
      const args = ['fetch-snaps', name, '--no-prerequisites', '--arch', 'amd64', '--export-dir', exportDir];
      return [name, await scene.run(args)] as const;
    };
    outcomes = new Map(await Promise.all(Object.keys(CASES).map(run)));
  });

  afterAll(async () => {
    await online.close();
    await scene.close();
  });

  it.each(Object.keys(CASES))('%s: writes no bundle, and says which snap and why', async (name) => {
    const { exitCode, stderr } = outcomes.get(name) ?? { exitCode: null, stderr: '' };
    expect(stderr).toMatch(CASES[name]?.says ?? /never/);
    expect(exitCode).toBe(CASES[name]?.exitCode);
    expect(await readdir(join(scene.folder, name))).toEqual([]);
  });
});
