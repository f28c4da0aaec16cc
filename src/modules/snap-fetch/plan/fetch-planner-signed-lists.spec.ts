import { describe, expect, it } from 'vitest';

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
} from '../../../../test/support/fetch-planning.js';
import type { InMemoryOnlineStore } from '../../../../test/support/in-memory-online-store.js';
import { TestAuthority, testSnapId } from '../../../../test/support/test-authority.js';
import type { FetchRequest } from './fetch-request.js';

describe('models', () => {
  const authority = TestAuthority.create('brand');
  const headers = { series: '16', 'brand-id': 'brand', model: 'box', architecture: 'amd64' };
  const forModel = (
    more: Parameters<TestAuthority['sign']>[1],
    others: FetchRequest['models'][number]['others'] = [],
  ) => requestFor([], { models: [{ model: authority.sign('model', { ...headers, ...more }), others }] });
  const modelStore = (): InMemoryOnlineStore =>
    usualStore()
      .offer('pc', [{ revision: 51, channels: ['22/stable', '22/edge'], type: 'gadget', base: 'core22' }], '22')
      .offer('pc-kernel', [
        {
          revision: 61,
          channels: ['22/stable'],
          type: 'kernel',
          components: [
            { name: 'wifi', revision: 2 },
            { name: 'gpu', revision: 3 },
          ],
        },
      ]);

  it('bring kernel, gadget, base, snapd and their other snaps, from the channels that they name', async () => {
    const snap = (name: string, type: string, more = {}) => ({ name, type, id: testSnapId(name), ...more });
    const snaps = [
      snap('pc', 'gadget', { 'default-channel': '22/edge' }),
      snap('pc-kernel', 'kernel', { 'default-channel': '22/stable', components: { wifi: 'required' } }),
      snap('jq', 'app', { presence: 'optional' }),
      snap('nosuch', 'app', { presence: 'optional' }),
    ];
    const { plan: made, notes } = await plan(modelStore(), forModel({ base: 'core22', grade: 'signed', snaps }));
    expect(made.bundles.map(contents)).toEqual([
      'box: core20_20 core22_22 gtk-themes_31 icons_41 jq_6 pc-kernel_61 pc_51 snapd_9',
    ]);
    expect(releasesOf(snapIn(made.bundles, 'pc'))[0]).toBe('amd64 22/edge 51');
    expect(reasonsOf(snapIn(made.bundles, 'pc-kernel'))).toEqual(['brand/box needs it: kernel']);
    expect(reasonsOf(snapIn(made.bundles, 'core22'))).toContain('brand/box needs it: base');
    const [kernel] = snapIn(made.bundles, 'pc-kernel').revisions;
    expect(kernel?.components.map(({ store }) => store.name)).toEqual(['wifi']);
    expect(made.bundles[0]?.assertions.map(({ type }) => type.name)).toEqual(['model']);
    expect(notes.join()).toContain('nosuch for amd64 is not to be had');
  });

  it('of the time before bases bring core, and tracks of kernel and gadget', async () => {
    const store = modelStore().offer('core', [{ revision: 16, channels: STABLE, type: 'os' }]);
    const request = forModel({ kernel: 'pc-kernel=22', gadget: 'pc=22', 'required-snaps': ['core24'] });
    const bundles = await bundlesOf(store, { ...request, withPrerequisites: false });
    expect(bundles.map(contents)).toEqual(['box: core24_24 core_16 pc-kernel_61 pc_51']);
  });

  it('bring the store that they name, and do without where there is none', async () => {
    const request = forModel({ kernel: 'pc-kernel=22', gadget: 'pc=22', base: 'core22', store: 'acme-store' });
    const own = authority.sign('store', { store: 'acme-store', 'operator-id': 'brand' });
    const [bundle] = await bundlesOf(modelStore().offerStore(own), { ...request, withPrerequisites: false });
    expect(bundle?.assertions.map(String)).toEqual(['model/16/brand/box', 'store/acme-store']);
    const without = await plan(modelStore(), { ...request, withPrerequisites: false });
    expect(without.plan.bundles[0]?.assertions.map(String)).toEqual(['model/16/brand/box']);
    expect(without.notes.join()).toContain('no assertion of store acme-store, which model brand/box names');
  });

  it('bring their validation sets, and the snaps of those', async () => {
    const set = authority.sign('validation-set', {
      series: '16',
      'account-id': 'brand',
      name: 'base-set',
      sequence: '3',
      snaps: [{ name: 'core22', id: testSnapId('core22'), presence: 'required', revision: '23' }],
    });
    const request = forModel({
      base: 'core22',
      grade: 'dangerous',
      snaps: [
        { name: 'pc', type: 'gadget' },
        { name: 'pc-kernel', type: 'kernel', 'default-channel': '22/stable' },
      ],
      'validation-sets': [{ name: 'base-set', mode: 'enforce' }],
    });
    const store = modelStore().offerSet(set);
    const bundles = await bundlesOf(store, request);
    expect(bundles.map(contents)).toEqual(['box: core22_22 core22_23 pc-kernel_61 pc_51 snapd_9']);
    expect(bundles[0]?.assertions.map(String)).toHaveLength(2);
    expect(await problemsOf(plan(modelStore(), request))).toBe(
      'validation set brand/base-set, which model brand/box names, is not in the online store',
    );
  });
});

describe('validation sets', () => {
  const authority = TestAuthority.create('acme');
  const setOf = (sequence: string, snaps: readonly { name: string; presence: string; revision?: string }[]) =>
    authority.sign('validation-set', {
      series: '16',
      'account-id': 'acme',
      name: 'tested',
      sequence,
      snaps: snaps.map((snap) => ({ ...snap, id: testSnapId(snap.name) })),
    });
  const store = (): InMemoryOnlineStore =>
    usualStore()
      .offerSet(setOf('1', [{ name: 'jq', presence: 'required', revision: '7' }]))
      .offerSet(
        setOf('2', [
          { name: 'jq', presence: 'required', revision: '6' },
          { name: 'core24', presence: 'optional' },
          { name: 'icons', presence: 'invalid' },
        ]),
      );
  const tested = (sequence: number | null): FetchRequest =>
    requestFor([], { validationSets: [{ accountId: 'acme', name: 'tested', sequence }], withPrerequisites: false });

  it('bring what they allow, of the revision that they pin, and themselves', async () => {
    const { plan: made, notes } = await plan(store(), tested(null));
    const { bundles } = made;
    expect(bundles.map(contents)).toEqual(['tested: core24_24 jq_6']);
    expect(notes).toEqual([expect.stringMatching(/^revisions that validation set acme\/tested=2 pins are released/)]);
    expect(bundles[0]?.assertions.map(({ sequence }) => sequence)).toEqual([2]);
    expect(reasonsOf(snapIn(bundles, 'jq'))).toEqual(['acme/tested=2 needs it: validation-set']);
    expect(releasesOf(snapIn(bundles, 'jq')).join()).not.toMatch(/stable 6$/);
  });

  it('are those of the sequence that is asked for, or a refusal', async () => {
    expect((await bundlesOf(store(), tested(1))).map(contents)).toEqual(['tested: jq_7']);
    expect(await problemsOf(plan(store(), tested(9)))).toBe('validation set acme/tested=9 is not in the online store');
  });
});
