import { beforeAll, describe, expect, it } from 'vitest';

import { TypedCommands } from '../../support/typed-commands.js';
import { Scene, signed } from '../import/scene.js';

const scene = Scene.forAllTests();

describe('cohorts and default tracks, as an operator types them', () => {
  let commands: TypedCommands;

  beforeAll(async () => {
    commands = await TypedCommands.at(scene.store);
    await scene.import(await scene.pair(signed('jq', 1)));
    await scene.import(await scene.pair(signed('yq', 1)));
    await commands.must('release', 'jq', '1', '2.0/edge');
  });

  it('a cohort is made, shown and ended', async () => {
    const text = await commands.must('cohorts', 'create', 'jq', 'yq');
    expect(text).toMatch(/^jq cohort1\.\S+ \(until \d{4}-\d\d-\d\d\)\nyq cohort1\.\S+ \(until \d{4}-\d\d-\d\d\)\n$/);
    const { cohorts } = (await commands.json('cohorts', 'create', 'jq')) as {
      cohorts: { name: string; key: string }[];
    };
    expect(cohorts).toMatchObject([{ name: 'jq', expiresAt: expect.any(String) as string }]);
    const key = cohorts[0]?.key ?? '';

    await commands.must('close', 'jq', '2.0/edge');
    const shown = await commands.must('cohorts', 'show', key);
    expect(shown).toMatch(/^jq: made \S+, until \S+, in force\nChannel +Architecture +Revision\n/);
    expect(shown).toMatch(/^2\.0\/edge +amd64 +1$/m);
    expect(await commands.must('cohorts', 'end', 'jq')).toMatch(/^all cohorts of jq from before \S+ are over\n$/);
    expect(await commands.json('cohorts', 'show', key)).toMatchObject({ name: 'jq', state: 'ended' });
    await commands.must('release', 'jq', '1', '2.0/edge');
  });

  it('the secret that signs them is made once, and shown nowhere', async () => {
    expect(await commands.must('config')).toMatch(/proxy\.cohorts\.secret.*<redacted>/);
    expect(
      (
        await scene.store.query<{ value: string }>(
          "SELECT value FROM snap_store.setting WHERE key = 'proxy.cohorts.secret'",
        )
      )[0]?.value,
    ).not.toMatch(/^[\w-]{43}$/);
  });

  it('a default track is shown, chosen and cleared', async () => {
    expect(await commands.must('default-track', 'jq')).toBe('jq: latest (bundles name none)\n');
    expect(await commands.must('default-track', 'jq', '2.0')).toBe('jq: 2.0 (chosen by hand)\n');
    expect(await commands.json('default-track', 'jq')).toEqual({ name: 'jq', defaultTrack: '2.0', by: 'hand' });
    expect(await commands.must('channel-map', 'jq')).toMatch(/^Channel.*\n2\.0\/edge/);
    expect(await commands.json('default-track', 'jq', '--clear')).toEqual({
      name: 'jq',
      defaultTrack: 'latest',
      by: 'import',
    });
  });

  it.each([
    [['cohorts', 'create', 'jq', 'unknown'], 1, 'snap-not-held'],
    [['cohorts', 'create', 'No Name'], 2, 'invalid-snap-name'],
    [['cohorts', 'show', 'cohort1.x.y'], 1, 'cohort-key-invalid'],
    [['cohorts', 'end', 'unknown'], 1, 'snap-not-held'],
    [['default-track', 'unknown'], 1, 'snap-not-held'],
    [['default-track', 'jq', '9.0'], 1, 'track-not-open'],
    [['default-track', 'jq', 'a/b'], 2, 'invalid-channel'],
    [['default-track', 'jq', '2.0', '--clear'], 2, 'usage'],
  ])('refuse %j', async (args, exitCode, code) => {
    const refused = await commands.run(...args);
    expect([refused.exitCode, refused.stdout]).toEqual([exitCode, '']);
    expect(refused.stderr).toContain(`(${code})`);
  });
});
