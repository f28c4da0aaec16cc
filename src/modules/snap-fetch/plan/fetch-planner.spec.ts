import { describe, expect, it } from 'vitest';

import type { Architecture } from '../../../kernel/architecture.js';
import {
  bundlesOf,
  contents,
  plan,
  problemsOf,
  reasonsOf,
  releasesOf,
  requestFor,
  snapIn,
  STABLE,
  usualStore,
  wanted,
} from '../../../../test/support/fetch-planning.js';
import type { InMemoryOnlineStore } from '../../../../test/support/in-memory-online-store.js';
import { tinySquashfs } from '../../../../test/support/tiny-squashfs.js';
import type { PlannedBundle } from './fetch-plan.js';
import { ReleaseConflictError } from './plan.errors.js';

describe('prerequisites', () => {
  it('are the base, snapd and default content providers, with theirs in turn, each with who needs it', async () => {
    const bundles = await bundlesOf(usualStore(), requestFor([wanted('jq')]));
    expect(bundles.map(contents)).toEqual(['jq: core20_20 core22_22 gtk-themes_31 icons_41 jq_6 snapd_9']);
    expect(reasonsOf(snapIn(bundles, 'jq'))).toEqual(['requested']);
    expect(reasonsOf(snapIn(bundles, 'core22'))).toEqual(['icons needs it: base', 'jq needs it: base']);
    expect(reasonsOf(snapIn(bundles, 'core20'))).toEqual(['gtk-themes needs it: base']);
    expect(reasonsOf(snapIn(bundles, 'icons'))).toEqual(['jq needs it: default-provider']);
    expect(reasonsOf(snapIn(bundles, 'snapd'))).toContain('jq needs it: snapd');
  });

  it('stay away with --no-prerequisites', async () => {
    const bundles = await bundlesOf(usualStore(), requestFor([wanted('jq')], { withPrerequisites: false }));
    expect(bundles.map(contents)).toEqual(['jq: jq_6']);
  });

  it('are core for an app without a base, and nothing for one that runs nothing', async () => {
    const store = usualStore()
      .offer('old', [{ revision: 1, channels: STABLE }])
      .offer('core', [{ revision: 16, channels: STABLE, type: 'os' }])
      .offer('data', [{ revision: 1, channels: STABLE, base: 'none' }]);
    const bundles = await bundlesOf(store, requestFor([wanted('old'), wanted('data')]));
    expect(bundles.map(contents)).toEqual(['old: core_16 old_1 snapd_9', 'data: data_1']);
  });

  it('are the base alone of a gadget, and none of a base', async () => {
    const store = usualStore().offer('pc', [{ revision: 1, channels: STABLE, type: 'gadget', base: 'core22' }]);
    const bundles = await bundlesOf(store, requestFor([wanted('pc'), wanted('core24')]));
    expect(bundles.map(contents)).toEqual(['pc: core22_22 pc_1', 'core24: core24_24']);
  });

  it('may need each other in a circle', async () => {
    const needs = (provider: string): string =>
      `plugs:\n  other:\n    interface: content\n    default-provider: ${provider}\n`;
    const store = usualStore()
      .offer('one', [{ revision: 1, channels: STABLE, base: 'core22', yaml: needs('two') }])
      .offer('two', [{ revision: 2, channels: STABLE, base: 'core22', yaml: needs('one') }]);
    const bundles = await bundlesOf(store, requestFor([wanted('one')]));
    expect(bundles.map(contents)).toEqual(['one: core22_22 one_1 snapd_9 two_2']);
  });

  it('have names of snaps: what is none is nobody', async () => {
    const yaml = `plugs:\n  odd:\n    interface: content\n    default-provider: ../../nosuch\n`;
    const store = usualStore().offer('odd', [{ revision: 1, channels: STABLE, base: 'core22', yaml }]);
    expect((await bundlesOf(store, requestFor([wanted('odd')]))).map(contents)).toEqual([
      'odd: core22_22 odd_1 snapd_9',
    ]);
  });

  it('without an end are refused', async () => {
    const store = usualStore();
    for (let number = 0; number < 60; number += 1) {
      const yaml = `plugs:\n  next:\n    interface: content\n    default-provider: link${number + 1}x\n`;
      store.offer(`link${number}x`, [{ revision: 1, channels: STABLE, base: 'core22', yaml }]);
    }
    expect(await problemsOf(plan(store, requestFor([wanted('link0x')])))).toContain('without an end');
  });

  it('come for each architecture', async () => {
    const store = usualStore()
      .offer('tool', [
        { revision: 1, channels: STABLE, architectures: ['amd64'], base: 'core22' },
        { revision: 2, channels: STABLE, architectures: ['arm64'], base: 'core22' },
      ])
      .offer('core22', [
        { revision: 22, channels: STABLE, architectures: ['amd64'], type: 'base' },
        { revision: 25, channels: STABLE, architectures: ['arm64'], type: 'base' },
      ]);
    const architectures: Architecture[] = ['amd64', 'arm64'];
    const bundles = await bundlesOf(store, requestFor([wanted('tool')], { architectures, areArchitecturesSaid: true }));
    expect(bundles.map(contents)).toEqual(['tool: core22_22 core22_25 snapd_9 tool_1 tool_2']);
    expect(releasesOf(snapIn(bundles, 'core22'))).toEqual(['amd64 latest/stable 22', 'arm64 latest/stable 25']);
  });

  it('are read out of the file where the store does not send snap.yaml', async () => {
    const yaml = [
      'name: jq',
      'version: "6.0"',
      'base: core22',
      'plugs:',
      '  icons:',
      '    interface: content',
      '    default-provider: icons',
      '',
    ].join('\n');
    const content = tinySquashfs({ 'meta/snap.yaml': yaml }, { sizeBytes: 500_000 });
    const store = usualStore().offer('jq', [{ revision: 6, channels: STABLE, base: 'core22', yaml: null, content }]);
    store.offersInfo = false;
    const bundles = await bundlesOf(store, requestFor([wanted('jq')]));
    expect(bundles.map(contents)).toEqual(['jq: core22_22 icons_41 jq_6 snapd_9']);
    expect(store.asked.filter((question) => question.startsWith('download')).length).toBeLessThan(5);
  });

  it('are those that the store tells of where the file cannot be looked into, and the operator is told', async () => {
    const store = usualStore().offer('jq', [{ revision: 6, channels: STABLE, base: 'core22', yaml: null }]);
    const { plan: made, notes } = await plan(store, requestFor([wanted('jq')]));
    expect(made.bundles.map(contents)).toEqual(['jq: core22_22 jq_6 snapd_9']);
    expect(notes.join()).toContain('jq: its snap.yaml is not known yet');
  });
});

describe('channels', () => {
  it('are the default track and stable where none is named', async () => {
    const store = usualStore().offer('pg', [{ revision: 3, channels: ['16/stable'], base: 'core22' }], '16');
    const bundles = await bundlesOf(store, requestFor([wanted('pg'), wanted('pg', { channels: ['stable'] })]));
    expect(releasesOf(snapIn(bundles, 'pg'))).toEqual(['amd64 16/stable 3']);
    expect(snapIn(bundles, 'pg').defaultTrack).toBe('16');
  });

  it('may be several, and what else a fetched revision is released to is told, but not asked for', async () => {
    const bundles = await bundlesOf(usualStore(), requestFor([wanted('jq', { channels: ['stable', 'edge'] })]));
    expect(releasesOf(snapIn(bundles, 'jq'))).toEqual([
      'amd64 latest/candidate 6 (also there)',
      'amd64 latest/edge 7',
      'amd64 latest/stable 6',
    ]);
    expect(bundles.map(contents)[0]).toContain('core24_24');
  });

  it('that are closed follow a safer one, which is what is released', async () => {
    const { plan: made, notes } = await plan(usualStore(), requestFor([wanted('core24', { channels: ['beta'] })]));
    expect(releasesOf(snapIn(made.bundles, 'core24'))).toEqual(['amd64 latest/stable 24']);
    expect(notes).toEqual(['core24 for amd64: latest/beta follows latest/stable']);
  });

  it('of prerequisites are stable, beside another one that was asked for', async () => {
    const request = requestFor([wanted('jq'), wanted('core22', { channels: ['edge'] })]);
    const bundles = await bundlesOf(usualStore(), request);
    expect(bundles.map(contents)[1]).toBe('core22: core22_22 core22_23');
    expect(releasesOf(snapIn(bundles, 'core22'))).toEqual(['amd64 latest/edge 23', 'amd64 latest/stable 22']);
  });
});

describe('revisions', () => {
  it('are released where the operator says', async () => {
    const packages = [
      wanted('jq', { revision: 6, channels: ['candidate'] }),
      wanted('jq', { revision: 7, pushChannel: 'mine' }),
    ];
    const bundles = await bundlesOf(usualStore(), requestFor(packages));
    expect(releasesOf(snapIn(bundles, 'jq')).filter((release) => !release.includes('also'))).toEqual([
      'amd64 latest/candidate 6',
      'amd64 mine/stable 7',
    ]);
  });

  it('that are released nowhere are pointed out', async () => {
    const { plan: made, notes } = await plan(usualStore(), requestFor([wanted('core22', { revision: 23 })]));
    expect(releasesOf(snapIn(made.bundles, 'core22'))).toEqual(['amd64 latest/edge 23 (also there)']);
    expect(notes.join()).toContain('revision 23 of core22 is released nowhere by itself');
  });

  it('take the place of what a prerequisite would be on that channel', async () => {
    const request = requestFor([wanted('jq'), wanted('core22', { revision: 23, pushChannel: 'stable' })]);
    const bundles = await bundlesOf(usualStore(), request);
    expect(bundles.map(contents)[1]).toBe('core22: core22_23');
    expect(reasonsOf(snapIn(bundles, 'core22'))).toContain('jq needs it: base');
  });

  it('cannot both be on one channel', async () => {
    const packages = [
      wanted('jq', { revision: 6, channels: ['stable'] }),
      wanted('jq', { revision: 7, channels: ['stable'] }),
    ];
    await expect(plan(usualStore(), requestFor(packages))).rejects.toThrow(ReleaseConflictError);
    await expect(plan(usualStore(), requestFor(packages))).rejects.toThrow(
      'jq: latest/stable for amd64 would be both revision 6 and revision 7',
    );
  });

  it('are for their own architectures where none was said, and refused where another one was', async () => {
    const store = usualStore().offer('arm', [{ revision: 5, architectures: ['arm64'], base: 'none' }]);
    const request = requestFor([wanted('arm', { revision: 5, channels: ['stable'] })]);
    expect(releasesOf(snapIn(await bundlesOf(store, request), 'arm'))).toEqual(['arm64 latest/stable 5']);
    expect(await problemsOf(plan(store, { ...request, areArchitecturesSaid: true }))).toBe(
      'revision 5 of arm for amd64 is not to be had: it is for arm64',
    );
  });
});

describe('what the store does not have', () => {
  it('is said all at once, with who needs it and what there is instead', async () => {
    const store = usualStore()
      .offer('half', [{ revision: 1, channels: ['latest/edge'], base: 'core22', architectures: ['arm64'] }])
      .offer('lost', [{ revision: 1, channels: STABLE, base: 'core99' }]);
    const message = await problemsOf(plan(store, requestFor([wanted('nosuch'), wanted('half'), wanted('lost')])));
    expect(message).toContain('nosuch for amd64 is not to be had: the store says name-not-found');
    expect(message).toContain('half for amd64 from latest/stable is not to be had');
    expect(message).toContain('there is latest/edge for arm64');
    expect(message).toContain('core99 for amd64 is not to be had, which lost needs (base)');
  });

  it('is a snap whose snap.yaml no device would take', async () => {
    const content = tinySquashfs({ 'meta/snap.yaml': 'name: another\nversion: 1\n' }, { sizeBytes: 20_000 });
    const store = usualStore()
      .offer('bad', [{ revision: 1, channels: STABLE, yaml: 'epoch: never' }])
      .offer('swapped', [{ revision: 2, channels: STABLE, yaml: null, content }]);
    const message = await problemsOf(plan(store, requestFor([wanted('bad'), wanted('swapped')])));
    expect(message).toContain('revision 1 of bad cannot be installed: snap.yaml: "epoch"');
    expect(message).toContain(
      'revision 2 of swapped cannot be installed: snap.yaml: "name" is "another" and not "swapped"',
    );
  });
});

describe('components', () => {
  const withComponents = (): InMemoryOnlineStore =>
    usualStore().offer('app', [
      {
        revision: 1,
        channels: STABLE,
        base: 'core22',
        components: [
          { name: 'docs', revision: 4 },
          { name: 'extra', revision: 5 },
        ],
      },
    ]);
  const componentsIn = (bundles: readonly PlannedBundle[]): string[] =>
    snapIn(bundles, 'app').revisions.flatMap(({ components }) => components.map(({ store }) => store.name));

  it('of what was named come along, all or those that are named', async () => {
    expect(componentsIn(await bundlesOf(withComponents(), requestFor([wanted('app')])))).toEqual(['docs', 'extra']);
    const named = requestFor([wanted('app', { components: ['extra'] })], { withPrerequisites: false });
    expect(componentsIn(await bundlesOf(withComponents(), named))).toEqual(['extra']);
    const none = requestFor([wanted('app')], { withPrerequisites: false });
    expect(componentsIn(await bundlesOf(withComponents(), none))).toEqual([]);
  });

  it('that do not exist are refused', async () => {
    const request = requestFor([wanted('app', { components: ['nosuch'] })]);
    expect(await problemsOf(plan(withComponents(), request))).toBe('revision 1 of app has no component "nosuch"');
  });
});

describe('files', () => {
  it('carry nothing twice: what several need lies in the first, what was named in its own', async () => {
    const packages = [wanted('icons'), wanted('jq'), wanted('core22')];
    expect((await bundlesOf(usualStore(), requestFor(packages))).map(contents)).toEqual([
      'icons: icons_41 snapd_9',
      'jq: core20_20 gtk-themes_31 jq_6',
      'core22: core22_22',
    ]);
  });

  it('are each enough with --standalone, and tell of nobody else', async () => {
    const request = requestFor([wanted('icons'), wanted('jq')], { packing: 'standalone' });
    const bundles = await bundlesOf(usualStore(), request);
    expect(bundles.map(contents)).toEqual([
      'icons: core22_22 icons_41 snapd_9',
      'jq: core20_20 core22_22 gtk-themes_31 icons_41 jq_6 snapd_9',
    ]);
    expect(reasonsOf(snapIn(bundles.slice(0, 1), 'core22'))).toEqual(['icons needs it: base']);
  });

  it('are one with --single-bundle', async () => {
    const request = requestFor([wanted('icons'), wanted('core24')], { packing: 'single' });
    expect((await bundlesOf(usualStore(), request)).map(contents)).toEqual([
      'snaps: core22_22 core24_24 icons_41 snapd_9',
    ]);
  });

  it('have their snaps by snap-id', async () => {
    const [bundle] = await bundlesOf(usualStore(), requestFor([wanted('jq')]));
    const ids = bundle?.snaps.map(({ snapId }) => snapId) ?? [];
    expect(ids).toEqual([...ids].sort());
  });
});

describe('a store without an info endpoint', () => {
  it('is asked once for it, and the rest comes from what it answers', async () => {
    const store = usualStore();
    store.offersInfo = false;
    const bundles = await bundlesOf(store, requestFor([wanted('jq')]));
    expect(bundles.map(contents)).toEqual(['jq: core20_20 core22_22 gtk-themes_31 icons_41 jq_6 snapd_9']);
    expect(store.asked.filter((question) => question.startsWith('info'))).toEqual(['info jq']);
    expect(snapIn(bundles, 'jq').details.title).toBe('jq by refresh');
    expect(releasesOf(snapIn(bundles, 'jq'))).toEqual(['amd64 latest/stable 6']);
  });
});
