import { describe, expect, it } from 'vitest';

import { InMemoryOnlineStore } from '../../../test/support/in-memory-online-store.js';
import { testSnapId } from '../../../test/support/test-authority.js';
import { FetchPlanner, type FetchRequest } from '../../modules/snap-fetch/index.js';
import { sha3 } from '../../../test/support/bundles.js';
import { renderPlan, viewOfPlan } from './plan-view.js';

const STABLE = ['latest/stable'];
const plain = {
  components: null,
  channels: [],
  architectures: null,
  revision: null,
  cohortKey: null,
  pushChannel: null,
};

function viewOf(names: readonly string[], since: FetchRequest['since'] = []) {
  const store = new InMemoryOnlineStore()
    .offer('app', [
      {
        revision: 6,
        channels: ['latest/stable', 'latest/edge'],
        base: 'core22',
        components: [{ name: 'docs', revision: 2 }],
      },
    ])
    .offer('core22', [{ revision: 22, channels: STABLE, type: 'base' }])
    .offer('snapd', [{ revision: 9, channels: STABLE, type: 'snapd' }]);
  const request: FetchRequest = {
    packages: names.map((name) => ({ ...plain, name })),
    models: [],
    validationSets: [],
    architectures: ['amd64'],
    areArchitecturesSaid: true,
    withPrerequisites: true,
    packing: 'shared',
    since,
  };
  const options = { signal: new AbortController().signal, onAsk: () => undefined };
  return new FetchPlanner(store).plan(request, options).then(({ plan }) => viewOfPlan(plan));
}

describe('a plan', () => {
  it('is shown with what was asked for first, and why the rest comes', async () => {
    expect(renderPlan(await viewOf(['app', 'snapd']))).toBe(
      [
        'app: 2 snaps, 24 B',
        '  app: requested',
        '    app 6: 6.0, all, 5 B, latest/stable amd64',
        '    app+docs 2: 10 B',
        '  app needs core22: base',
        '    core22 22: 22.0, all, 9 B, latest/stable amd64',
        'snapd: 1 snap, 7 B',
        '  snapd: requested',
        '  app needs snapd: snapd',
        '    snapd 9: 9.0, all, 7 B, latest/stable amd64',
        '2 files, 31 B in all',
      ].join('\n'),
    );
  });

  it('says what the other side has, and what moves there all the same', async () => {
    const digest = sha3(Buffer.from('core22 22'));
    const revisions = [{ snapId: testSnapId('core22'), name: 'core22', revision: 22, digest }];
    const since = [
      { source: 'inventory', created: '2026-01-01T00:00:00Z', revisions, components: [], media: [], releases: [] },
    ];
    const text = renderPlan(await viewOf(['app'], since));
    expect(text).toContain('\n    core22 22: the other side has it, latest/stable amd64\n');
    expect(text).toContain('\n  1 file not carried, because the other side has it');
  });

  it('is the same for machines', async () => {
    expect(await viewOf(['app'])).toEqual({
      sizeBytes: 31,
      bundles: [
        {
          name: 'app',
          sizeBytes: 31,
          assertions: [],
          assumes: { revisions: [], components: [] },
          snaps: [
            {
              name: 'app',
              snapId: testSnapId('app'),
              reasons: [{ kind: 'requested', of: null }],
              channels: [
                { channel: 'latest/edge', architecture: 'amd64', revision: 6, requested: false },
                { channel: 'latest/stable', architecture: 'amd64', revision: 6, requested: true },
              ],
              revisions: [
                {
                  revision: 6,
                  version: '6.0',
                  architectures: ['all'],
                  sizeBytes: 5,
                  sha3_384: sha3(Buffer.from('app 6')).hex,
                  components: [
                    {
                      name: 'docs',
                      revision: 2,
                      sizeBytes: 10,
                      sha3_384: sha3(Buffer.from('app+docs 2')).hex,
                      isAssumed: false,
                    },
                  ],
                },
              ],
            },
            expect.objectContaining({ name: 'core22', reasons: [{ kind: 'base', of: 'app' }] }),
            expect.objectContaining({ name: 'snapd', reasons: [{ kind: 'snapd', of: 'app' }] }),
          ],
        },
      ],
    });
  });
});
