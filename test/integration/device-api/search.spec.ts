import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { CurationService, RemovalService } from '../../../src/modules/catalog/index.js';
import { Database } from '../../../src/platform/database/database.js';
import { plainMetadata, sha3, testBundle } from '../../support/bundles.js';
import { png } from '../../support/pictures.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';

type Json = Record<string, unknown>;

interface Result {
  readonly name: string;
  readonly 'snap-id': string;
  readonly snap: Json;
  readonly revision: Json & { readonly channel: string; readonly revision: number; readonly version: string };
}

interface Named {
  readonly _embedded: { readonly 'clickindex:package': readonly (Json & { readonly package_name: string })[] };
}

interface Made {
  readonly name: string;
  readonly revision?: number;
  readonly title?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly channel?: string;
  readonly more?: string;
  readonly architectures?: string;
  readonly confinement?: string;
}

const icon = png('icon');
const HEADERS = { 'snap-device-architecture': 'amd64' };
/** As snapd 2.57 asks. */
const FIELDS =
  'base,channel,common-ids,confinement,contact,description,download,license,prices,private,publisher,revision,summary,title,type,version,website,store-url,media';

describe.each(WAYS)('search, by the %s', (way) => {
  let store: RunningStore;

  const yaml = (made: Made): string =>
    [
      `name: ${made.name}`,
      `version: "${made.revision ?? 1}.0"`,
      `title: ${JSON.stringify(made.title ?? made.name)}`,
      `summary: ${JSON.stringify(made.summary ?? 'nothing much')}`,
      `description: ${JSON.stringify(made.description ?? 'no words')}`,
      `architectures: [${made.architectures ?? 'amd64'}]`,
      'base: core22',
      `confinement: ${made.confinement ?? 'strict'}`,
      'grade: stable',
      made.more ?? '',
      '',
    ].join('\n');

  const push = (made: Made, declaration: Json = {}): Promise<void> => {
    const { name, revision = 1 } = made;
    const plan = { name, snapId: testSnapId(name), revision, snapYaml: yaml(made) };
    return store.push(store.authority.snap({ ...plan, declaration: declaration as never }), made.channel);
  };

  const find = async (query: string, headers: Record<string, string> = HEADERS): Promise<Result[]> => {
    const reply = await store.ask(`/v2/snaps/find?${query}`, { headers });
    expect([query, reply.status, reply.headers['content-type']]).toEqual([query, 200, 'application/json']);
    return (reply.json() as { results: Result[] }).results;
  };
  const names = async (query: string, headers?: Record<string, string>): Promise<string[]> =>
    (await find(query, headers)).map(({ name }) => name);

  beforeAll(async () => {
    store = await RunningStore.open(way);
    await push({
      name: 'firefox',
      title: 'Firefox',
      summary: 'A browser for the web',
      description: 'Browsing since long',
    });
    await push({ name: 'firefox-helper', summary: 'Helps Firefox', description: 'firefox firefox firefox firefox' });
    await push({ name: 'libreoffice', title: 'Office Suite', summary: 'Documents, tables, slides' });
    await push({
      name: 'vlc',
      title: 'Media Player',
      summary: 'Plays video and music',
      more: 'apps: {vlc: {command: a}}',
    });
    await push({ name: 'tea', summary: 'Hot water with leaves', description: 'Runs in all browsers there are' });
    await push({ name: 'edgy', channel: 'edge', summary: 'only at the edge' });
    await push({ name: 'classical', confinement: 'classic', summary: 'sees the whole machine' });
    await push({ name: 'armed', architectures: 'arm64', summary: 'for another machine' });
    await push({ name: 'anywhere', architectures: 'all', summary: 'scripts and nothing else' });
    await push({ name: 'cafe', title: 'Café Zürich', summary: 'Süßes, überall' });
    const tool = store.authority.snap({
      name: 'tool',
      snapId: testSnapId('tool'),
      revision: 4,
      snapYaml: yaml({
        name: 'tool',
        revision: 4,
        more: [
          'apps:',
          '  tool: {command: a, aliases: [tl, unwanted]}',
          '  more: {command: b, common-id: org.example.Tool}',
          '  watch: {command: c, daemon: simple}',
        ].join('\n'),
      }),
      declaration: { aliases: [{ name: 'mr', target: 'more' }], 'auto-aliases': ['tl'] },
    });
    await store.pushBundle(
      testBundle({
        snaps: [
          {
            name: 'tool',
            snapId: testSnapId('tool'),
            revisions: [{ revision: 4, content: tool.content, channels: ['latest/stable', '2.0/beta'] }],
            metadata: plainMetadata({
              title: 'The Tool',
              summary: 'Does what has to be done',
              contact: 'mailto:a@example.org',
              license: 'MIT',
              categories: [
                { name: 'utilities', featured: false },
                { name: 'development', featured: true },
              ],
              media: [{ type: 'icon', digest: sha3(icon), width: 64, height: 64 }],
            }),
          },
        ],
        assertions: [{ name: 'tool', bytes: tool.stream }],
        media: [{ bytes: icon, contentType: 'image/png' }],
      }),
    );
  });

  afterAll(() => store.close());

  it('tells of a snap what snapd shows, and nothing that it did not ask for', async () => {
    const [tool] = await find(
      `q=tool&architecture=amd64&fields=${encodeURIComponent(FIELDS)}&confinement=strict%2Cclassic`,
    );
    expect(tool).toEqual({
      name: 'tool',
      'snap-id': testSnapId('tool'),
      snap: {
        contact: 'mailto:a@example.org',
        description: 'no words',
        license: 'MIT',
        media: [
          {
            type: 'icon',
            url: `${store.url}/api/v1/snaps/media/${testSnapId('tool')}/${sha3(icon).hex}.png`,
            width: 64,
            height: 64,
          },
        ],
        prices: {},
        private: false,
        publisher: {
          id: 'testpublisher',
          username: 'testpublisher',
          'display-name': 'testpublisher',
          validation: 'unproven',
        },
        'store-url': null,
        summary: 'Does what has to be done',
        title: 'The Tool',
        website: null,
      },
      revision: {
        base: 'core22',
        channel: 'stable',
        'common-ids': ['org.example.Tool'],
        confinement: 'strict',
        download: { size: 16_384 },
        revision: 4,
        type: 'app',
        version: '4.0',
      },
    });
    const [short] = await find('q=tool&fields=title,version');
    expect([Object.keys(short!.snap), Object.keys(short!.revision)]).toEqual([['title'], ['version']]);
    const [whole] = await find('q=tool');
    expect(whole!.snap).toMatchObject({ categories: [{ name: 'utilities' }, { name: 'development' }], links: {} });
  });

  it('has the snap of exactly this name first, whatever others say of it', async () => {
    expect((await names('q=firefox')).slice(0, 2)).toEqual(['firefox', 'firefox-helper']);
    expect((await names('q=firefox-helper'))[0]).toBe('firefox-helper');
    expect((await names('q=FireFox'))[0]).toBe('firefox');
  });

  it.each([
    ['a name with a space in it', 'libre office', 'libreoffice'],
    ['a title', 'office suite', 'libreoffice'],
    ['the beginning of a name', 'libreo', 'libreoffice'],
    ['words of the summary, in whatever order', 'tables documents', 'libreoffice'],
    ['another form of a word', 'browsers', 'tea'],
    ['the beginning of a word', 'docum', 'libreoffice'],
    ['words without accents', 'cafe zurich', 'cafe'],
    ['words with accents', 'CAFÉ', 'cafe'],
    ['words around which there is nothing to say', 'the office suite of the', 'libreoffice'],
    ['the name of an app', 'more', 'tool'],
    ['a command that is an alias', 'mr', 'tool'],
    ['a publisher', 'testpublisher vlc', 'vlc'],
    ['a typing error', 'firefxo', 'firefox'],
    ['a letter that is missing', 'libreofice', 'libreoffice'],
    ['one of two words, where none has both', 'libreoffice zebra', 'libreoffice'],
  ])('finds by %s: %s', async (_what, text, name) => {
    expect(await names(`q=${encodeURIComponent(text)}`)).toContain(name);
  });

  it('asks that every word is there, where that is so somewhere', async () => {
    expect(await names('q=web+browser')).toEqual(['firefox']);
    expect(await names('q=wxyzzy')).toEqual([]);
  });

  it('finds a name by its beginning: name=', async () => {
    expect(await names('name=fire')).toEqual(['firefox', 'firefox-helper']);
    expect(await names('name=firefox-')).toEqual(['firefox-helper']);
    expect(await names('name=fi_e')).toEqual([]);
    expect(await names('name=web')).toEqual([]);
  });

  it('finds by common-id, and tells of the channel that has it', async () => {
    expect(await names('common-id=org.example.Tool')).toEqual(['tool']);
    expect(await names('common-id=org.example.Other')).toEqual([]);
  });

  it('finds what is in a category, and what is featured', async () => {
    expect(await names('category=utilities')).toEqual(['tool']);
    expect(await names('category=featured')).toEqual(['tool']);
    expect(await names('category=utilities&q=firefox')).toEqual([]);
    expect(await names('category=none-such')).toEqual([]);
  });

  it('shows only what runs on the device: of the query, else of the header', async () => {
    expect(await names('q=machine&architecture=amd64')).toEqual(['classical']);
    expect(await names('q=machine&architecture=arm64')).toEqual(['armed']);
    expect(await names('q=machine', { 'snap-device-architecture': 'arm64' })).toEqual(['armed']);
    expect((await names('q=machine', {})).sort()).toEqual(['armed', 'classical']);
    expect(await names('q=scripts&architecture=riscv64')).toEqual(['anywhere']);
    expect(await names('q=machine&architecture=s390x')).toEqual([]);
  });

  it('shows only the confinements that are asked for', async () => {
    expect(await names('q=classical&confinement=strict')).toEqual([]);
    expect(await names('q=classical&confinement=strict,classic')).toEqual(['classical']);
  });

  it('looks at every channel, or at the one that is asked for and those that stand in for it', async () => {
    expect((await find('q=edgy'))[0]!.revision).toMatchObject({ channel: 'edge', revision: 1 });
    expect(await names('q=edgy&channel=stable')).toEqual([]);
    expect(await names('q=edgy&channel=edge')).toEqual(['edgy']);
    expect((await find('q=tool&channel=edge'))[0]!.revision.channel).toBe('stable');
    expect((await find('q=tool&channel=2.0/edge'))[0]!.revision.channel).toBe('2.0/beta');
    expect(await names('q=firefox&channel=2.0/edge')).toEqual([]);
  });

  it('has no snap that belongs to a user alone', async () => {
    expect(await names('q=firefox&private=true')).toEqual([]);
    expect((await names('q=firefox&private=false'))[0]).toBe('firefox');
  });

  it('lists what there is where nothing is asked for, what is featured first', async () => {
    const all = await names('');
    expect(all[0]).toBe('tool');
    expect(all).toHaveLength(10);
    expect(all).not.toContain('armed');
  });

  it.each([
    ['q=%00'],
    ['q=%F0%9F%92%A9'],
    ['q=%27%20OR%201=1--'],
    ['q=%ff%fe'],
    ['q=a%3A*%20%26%20!b'],
    [`q=${'a'.repeat(1000)}`],
    [`q=${'w+'.repeat(400)}`],
    ['name=%00'],
    ['name=%25'],
    ['category=%00'],
    ['common-id=%00'],
    ['architecture=%00'],
    ['confinement=%00,strict'],
    ['fields=%00&q=tool'],
    ['q=%ed%a0%80'],
    ['architecture=constructor&q=tool'],
    ['architecture=__proto__&q=tool'],
  ])('takes %s for what it is: nothing that breaks it', async (query) => {
    expect((await store.ask(`/v2/snaps/find?${query}`, { headers: HEADERS })).status).toBe(200);
    expect((await store.ask(`/api/v1/snaps/search?${query}`, { headers: HEADERS })).status).toBe(200);
    expect((await store.ask(`/api/v1/snaps/names?${query}`, { headers: HEADERS })).status).toBe(200);
  });

  it.each([
    [`q=${'a'.repeat(1001)}`, 'bad-request'],
    ['q=a&channel=/////', 'invalid-channel'],
    ['q=a&channel=%00', 'invalid-channel'],
  ])('refuses %.30s in the form that snapd shows', async (query, code) => {
    const { status, headers, json } = await store.ask(`/v2/snaps/find?${query}`);
    expect([status, headers['content-type']]).toEqual([400, 'application/json']);
    expect(json()).toMatchObject({ 'error-list': [{ code }] });
  });

  it('is sent compressed to whoever takes that', async () => {
    const plain = await store.ask('/v2/snaps/find?q=tool');
    const packed = await store.ask('/v2/snaps/find?q=tool', { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
  });

  it('answers clients of long ago in their own words (T1)', async () => {
    const { headers, json } = await store.ask('/api/v1/snaps/search?q=package_name%3A%22tool%22&confinement=strict');
    expect(headers['content-type']).toBe('application/hal+json');
    const [tool, ...others] = (json() as Named)._embedded['clickindex:package'];
    expect(others).toEqual([]);
    expect(tool).toMatchObject({
      package_name: 'tool',
      snap_id: testSnapId('tool'),
      content: 'application',
      origin: 'testpublisher',
      binary_filesize: 16_384,
      icon_url: `${store.url}/api/v1/snaps/media/${testSnapId('tool')}/${sha3(icon).hex}.png`,
      revision: 4,
    });
  });

  it('has a catalogue for completion and "command not found": without services, with what devices alias by themselves', async () => {
    const reply = await store.ask('/api/v1/snaps/names?confinement=strict', {
      headers: { 'x-ubuntu-architecture': 'amd64' },
    });
    expect(reply.headers['content-type']).toBe('application/hal+json');
    expect(reply.body.toString()).toMatch(/^\{"_embedded":\{"clickindex:package":\[\{"package_name":/);
    const packages = (reply.json() as Named)._embedded['clickindex:package'];
    const listed = packages.map((one) => one.package_name);
    expect(listed).toEqual([...listed].sort());
    expect(listed).toContain('edgy');
    expect(listed).not.toContain('classical');
    expect(listed).not.toContain('armed');
    expect(packages.find((one) => one.package_name === 'tool')).toEqual({
      package_name: 'tool',
      version: '4.0',
      summary: 'Does what has to be done',
      title: 'The Tool',
      apps: ['tool', 'more'],
      aliases: [
        { name: 'tl', target: 'tool' },
        { name: 'mr', target: 'more' },
      ],
    });
  });

  it('names the sections, in both forms (T1)', async () => {
    const sections = await store.ask('/api/v1/snaps/sections');
    expect(sections.headers['content-type']).toBe('application/hal+json');
    const expected = [{ name: 'featured' }, { name: 'development' }, { name: 'utilities' }];
    expect(sections.json()).toEqual({ _embedded: { 'clickindex:sections': expected } });
    const categories = await store.ask('/v2/snaps/categories');
    expect(categories.headers['content-type']).toBe('application/json');
    expect(categories.json()).toEqual({ categories: expected });
  });

  describe('what another process changes, shown at once', () => {
    it('a release, a closed channel, a removal', async () => {
      const found = async (): Promise<unknown[]> =>
        (await find('q=moving')).map(({ revision }) => [revision.channel, revision.revision]);
      expect(await found()).toEqual([]);
      await push({ name: 'moving', revision: 1, channel: 'edge' });
      await expect.poll(found).toEqual([['edge', 1]]);
      await push({ name: 'moving', revision: 2, channel: 'beta' });
      await expect.poll(found).toEqual([['beta', 2]]);
      await store.releases.close('moving', Channel.parse('beta'));
      await expect.poll(found).toEqual([['edge', 1]]);
      await store.releases.close('moving', Channel.parse('edge'));
      await expect.poll(found).toEqual([]);
      await store.releases.release('moving', 2, Channel.parse('stable'));
      await expect.poll(found).toEqual([['stable', 2]]);
      await store.operator.context.get(RemovalService).remove('moving');
      await expect.poll(found).toEqual([]);
    });

    it('words: those of the newest revision', async () => {
      await push({ name: 'talking', revision: 1, summary: 'of apples' });
      expect(await names('q=apples')).toEqual(['talking']);
      expect(await names('q=oranges')).toEqual([]);
      await push({ name: 'talking', revision: 2, summary: 'of oranges' });
      await expect.poll(() => names('q=oranges')).toEqual(['talking']);
      expect(await names('q=apples')).toEqual([]);
    });

    it('a revoked declaration', async () => {
      await push({ name: 'gone' });
      await expect.poll(() => names('q=gone')).toEqual(['gone']);
      await store.revoke(testSnapId('gone'));
      await expect.poll(() => names('q=gone')).toEqual([]);
      const catalogue = await store.ask('/api/v1/snaps/names');
      expect(catalogue.body.toString()).not.toContain('"gone"');
    });

    it('the name of a publisher', async () => {
      const account = store.authority.sign('account', {
        'account-id': 'testpublisher',
        'display-name': 'Quite Another Company',
        username: 'testpublisher',
        validation: 'verified',
        revision: '1',
      });
      expect(await names('q=quite+company')).toEqual([]);
      await store.operator.context.get(AssertionService).add([account]);
      await expect.poll(async () => (await names('q=quite+company')).length).toBeGreaterThan(8);
      expect((await find('q=vlc'))[0]!.snap.publisher).toMatchObject({ 'display-name': 'Quite Another Company' });
    });

    it('what the operator recommends, before what bundles do', async () => {
      const curation = store.operator.context.get(CurationService);
      const featured = (): Promise<string[]> => names('category=featured');
      expect(await curation.featured()).toEqual({ by: 'bundles', snaps: [{ name: 'tool', title: 'The Tool' }] });
      await curation.addFeatured(['vlc']);
      await expect.poll(featured).toEqual(['tool', 'vlc']);
      await curation.removeFeatured(['tool']);
      await expect.poll(featured).toEqual(['vlc']);
      await curation.setFeatured(['tea', 'firefox', 'tea']);
      await expect.poll(featured).toEqual(['tea', 'firefox']);
      expect((await curation.featured()).by).toBe('operator');
      await curation.setFeatured([]);
      await expect.poll(featured).toEqual([]);
      await curation.clearFeatured();
      await expect.poll(featured).toEqual(['tool']);
    });

    it('the categories that the operator puts a snap in, in every answer', async () => {
      const curation = store.operator.context.get(CurationService);
      expect(await curation.setCategories('tool', ['games', 'games', 'art'])).toEqual({
        name: 'tool',
        categories: ['games', 'art'],
        by: 'operator',
      });
      await expect.poll(() => names('category=games')).toEqual(['tool']);
      expect(await names('category=utilities')).toEqual([]);
      const info = (await store.ask('/v2/snaps/info/tool')).json() as { snap: { categories: { name: string }[] } };
      expect(info.snap.categories.map(({ name }) => name)).toEqual(['games', 'art']);
      await curation.clearCategories('tool');
      await expect.poll(() => names('category=utilities')).toEqual(['tool']);
      expect(await names('category=games')).toEqual([]);
    });
  });

  it('runs no query for what was asked before', async () => {
    const asked = ['/v2/snaps/find?q=firefox', '/api/v1/snaps/names?confinement=strict', '/api/v1/snaps/sections'];
    const before = await Promise.all(asked.map((path) => store.ask(path, { headers: HEADERS })));
    await store.operator.context.get(Database).dataSource.transaction(async (manager) => {
      await manager.query('LOCK TABLE snap_store.snap_search IN ACCESS EXCLUSIVE MODE');
      const after = await Promise.all(asked.map((path) => store.ask(path, { headers: HEADERS })));
      expect(after.map(({ body }) => body.toString())).toEqual(before.map(({ body }) => body.toString()));
      const other = store.ask('/v2/snaps/find?q=never+asked+before').then(() => 'answered');
      expect(await Promise.race([other, sleep(300, 'waits for the table')])).toBe('waits for the table');
    });
  });
});
