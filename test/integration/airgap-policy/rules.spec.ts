import { describe, expect, it, afterEach } from 'vitest';

import { ImportRules, parsePolicy } from '../../../src/modules/airgap-policy/index.js';
import { bundleOf, Scene, signed } from '../import/scene.js';

const SNAP_YAML = `name: jq
version: '6.0'
architectures: [amd64]
confinement: strict
plugs:
  docker: { interface: docker-support }
apps:
  jq: { command: bin/jq, plugs: [home, docker] }
`;

describe('rules for what may enter', () => {
  const scene = Scene.forEachTest();
  const rules = (): ImportRules => scene.store.context.get(ImportRules);
  const set = (text: string) => rules().set(parsePolicy(`format: 1\n${text}`, 'policy.yaml'), 'alice');

  afterEach(() => scene.store.query('TRUNCATE snap_store.import_policy'));

  it('let everything in until there are some', async () => {
    expect(await rules().inForce()).toBeNull();
    expect(await scene.import(await scene.pair(signed('jq', 6)))).toMatchObject({ alreadyImported: false });
  });

  it('are versions that nobody changes, and the newest is in force', async () => {
    expect(await set('snaps: { deny: [jq] }')).toEqual({ version: 1, isNew: true });
    expect(await set('snaps: { deny: [jq] }')).toEqual({ version: 1, isNew: false });
    expect(await set('size: { max: 1GiB }')).toEqual({ version: 2, isNew: true });
    expect((await rules().history()).map(({ version, setBy }) => [version, setBy])).toEqual([
      [2, 'alice'],
      [1, 'alice'],
    ]);
    expect((await rules().version(1)).document).toEqual({ format: 1, snaps: { deny: ['jq'] } });
    await expect(rules().version(3)).rejects.toMatchObject({ code: 'policy-version-unknown' });
    for (const change of [`UPDATE snap_store.import_policy SET set_by = ''`, 'DELETE FROM snap_store.import_policy'])
      await expect(scene.store.query(change)).rejects.toThrow('not changed and not removed');
  });

  it('keep out what they deny, named with every rule, before it is read', async () => {
    await set('snaps: { deny: ["j*"] }\nsize: { max: 1 }\npublishers: { allow: [canonical] }');
    const snap = signed('jq', 6);
    // Were it read, its digest would be what is wrong with it.
    const path = await scene.pair({ ...snap, content: Buffer.alloc(snap.content.length) });
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('policy-refused');
    expect(message).toMatch(
      /version 1 of the policy keeps out revision 6 of jq \(publishers\.allow: .*; snaps\.deny: .*; size\.max: .*\)$/,
    );
  });

  it('keep a whole bundle out for one of its snaps', async () => {
    await set('snaps: { deny: [evil] }');
    const path = await scene.bundle(bundleOf([{ snap: signed('jq', 6) }, { snap: signed('evil', 1) }]));
    expect((await scene.refusal(path)).message).toContain('revision 1 of evil (snaps.deny: it names evil)');
  });

  it.each([
    ['interfaces: { deny: [docker-support] }', 'interfaces.deny: it names docker-support'],
    ['interfaces: { allow: [home] }', 'interfaces.allow: it does not name docker-support'],
    ['confinement: { deny: [strict] }', 'confinement.deny: it names strict'],
    ['architectures: { allow: [arm64] }', 'architectures.allow: it does not name amd64'],
  ])('by %j keep out what its snap.yaml says', async (text, reason) => {
    await set(text);
    const path = await scene.pair(signed('jq', 6, { snapYaml: SNAP_YAML }));
    const { code, message } = await scene.refusal(path);
    expect(code).toBe('policy-refused');
    expect(message).toContain(reason);
  });

  it('let in what they allow', async () => {
    await set(
      'interfaces: { allow: [home, docker-support] }\nconfinement: { allow: [strict] }\nsnaps: { allow: [jq] }',
    );
    const path = await scene.pair(signed('jq', 6, { snapYaml: SNAP_YAML }));
    expect(await scene.import(path)).toMatchObject({ alreadyImported: false });
  });

  it('can be tried out without being in force', async () => {
    const path = await scene.pair(signed('jq', 6));
    const draft = parsePolicy('format: 1\nsnaps: { deny: [jq] }', 'draft.yaml');
    await expect(rules().tryOut(draft, () => scene.import(path, { dryRun: true }))).rejects.toMatchObject({
      code: 'policy-refused',
      message: expect.stringContaining('the policy keeps out') as string,
    });
    expect(await scene.import(path, { dryRun: true })).toMatchObject({ dryRun: true });
  });
});
