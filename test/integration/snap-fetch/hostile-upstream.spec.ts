import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { StoreError } from '../../../src/kernel/store-error.js';
import {
  type CarriedBundle,
  FetchCache,
  FetchPlanner,
  type FetchRequest,
  type FetchService,
} from '../../../src/modules/snap-fetch/index.js';
import { sha3 } from '../../support/bundles.js';
import { openTestConnectedSide, type TestConnectedSide } from '../../support/connected-side.js';
import { type EmulatedOnlineStore, type Misbehaviour, startOnlineStore } from '../../support/online-store.js';
import { onlineStoreClient } from '../../support/online-store-client.js';
import { TestAuthority, testSnapId } from '../../support/test-authority.js';

const authority = TestAuthority.create();
/** Knows how to sign, and nobody trusts it. */
const stranger = TestAuthority.create();
const IN_A_HURRY = { progressBytes: 4096, attempts: 2, pauseMs: 1 };

let connected: TestConnectedSide;
let fetching: FetchService;
let online: EmulatedOnlineStore;
let folder: string;
/** Files of the snaps on the store. */
const contents = new Map<string, Buffer>();

beforeAll(async () => {
  connected = await openTestConnectedSide(authority, null);
  fetching = connected.fetching;
  online = await startOnlineStore({ authority });
  await publish({ name: 'snapd', revision: 9, type: 'snapd' });
  await publish({ name: 'core22', revision: 22, type: 'base' });
  const components = [{ name: 'docs', revision: 2 }];
  await publish({ name: 'jq', revision: 6, sizeBytes: 100_000, components });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-upstream-'));
  await new FetchCache(connected.dataDir).clear(new AbortController().signal);
});

afterEach(async () => {
  online.behave();
  await rm(folder, { recursive: true });
});

afterAll(async () => {
  await online.close();
  await connected.close();
});

async function publish(given: Parameters<EmulatedOnlineStore['publish']>[0]): Promise<void> {
  const { content, components } = await online.publish(given);
  contents.set(given.name, content);
  for (const component of components) contents.set(`${given.name}+${component.name}`, component.content);
}

const REQUEST: FetchRequest = {
  packages: [
    {
      name: 'jq',
      components: null,
      channels: [],
      architectures: null,
      revision: null,
      cohortKey: null,
      pushChannel: null,
    },
  ],
  models: [],
  validationSets: [],
  architectures: ['amd64'],
  areArchitecturesSaid: true,
  withPrerequisites: true,
  packing: 'shared',
  since: [],
};

async function fetchJq(): Promise<CarriedBundle[]> {
  const store = onlineStoreClient(online.url, { limits: { answerMs: 1000, paceMs: 300, leastBytesPerSecond: 5000 } });
  const { signal } = new AbortController();
  try {
    const { plan } = await new FetchPlanner(store).plan(REQUEST, { signal, onAsk: () => undefined });
    const tool = { name: 'test', version: '1' };
    return await fetching.carry(plan, {
      store,
      exportDir: folder,
      jobs: 2,
      splitBytes: null,
      tool,
      signal,
      limits: IN_A_HURRY,
    });
  } finally {
    await store.close();
  }
}

/** Nothing with the name of a bundle, and nothing that could be taken for one. */
async function mustFail(): Promise<StoreError> {
  const error = await fetchJq().then(
    () => expect.fail('a bundle was made'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect(await readdir(folder)).toEqual([]);
  return error as StoreError;
}

const snapRevision = (name: string): string =>
  `/v2/assertions/snap-revision/${sha3(contents.get(name) ?? Buffer.alloc(0)).base64url}`;
const declaration = (name: string): string => `/v2/assertions/snap-declaration/16/${testSnapId(name)}`;
const file = (name: string): RegExp => new RegExp(`download/${testSnapId(name)}_\\d+\\.snap`);
const status = (code: number, headers: Record<string, string> = {}): Misbehaviour => {
  return { kind: 'status', status: code, headers };
};

function notThere(): Misbehaviour {
  const body = Buffer.from('{"error-list":[{"code":"not-found","message":"no"}]}');
  return { kind: 'answer', answer: { status: 404, headers: { 'content-type': 'application/problem+json' }, body } };
}

describe('an upstream in whose way somebody stands', () => {
  it.each<[string, string | RegExp | (() => string), Misbehaviour, RegExp]>([
    ['a changed snap', file('jq'), { kind: 'flip', atByte: 70_000 }, /^jq_6\.snap: .*digest/],
    ['a changed base', file('core22'), { kind: 'flip', atByte: 10 }, /^core22_22\.snap: .*digest/],
    ['a changed component', '.comp', { kind: 'flip', atByte: 10 }, /^jq\+docs_2\.comp: .*digest/],
    ['a truncated snap', file('jq'), { kind: 'truncate', bytes: 50_000 }, /^jq_6\.snap: .*50000 bytes/],
    [
      'a snap that goes on',
      file('jq'),
      { kind: 'instead', body: Buffer.alloc(200_000) },
      /^jq_6\.snap: .*200000 bytes/,
    ],
    ['a cut connection, again and again', file('jq'), { kind: 'cut', afterBytes: 0 }, /^jq_6\.snap: .*closed/],
    ['a file in drips', file('jq'), { kind: 'drip', bytes: 10, everyMs: 20 }, /^jq_6\.snap: .*less than 5000 bytes/],
    ['a file that never comes', file('jq'), { kind: 'hang' }, /^jq_6\.snap: /],
    ['a busy file server', file('jq'), status(503), /^jq_6\.snap: .*503/],
    ['a web page for a snap', file('jq'), { kind: 'html' }, /^jq_6\.snap: .*web page/],
    ['a snap elsewhere', file('jq'), { kind: 'redirect', to: 'http://evil.example/x' }, /^jq_6\.snap: .*evil\.example/],
    ['a snap in circles', file('jq'), { kind: 'redirect', to: '?again' }, /^jq_6\.snap: .*elsewhere/],
    ['a missing snap', file('jq'), status(404), /^jq_6\.snap: .*404/],
    ['no statement about a snap', () => snapRevision('jq'), notThere(), /^jq_6\.snap: .*no snap-revision/],
    ['a page for a statement', () => snapRevision('jq'), { kind: 'html' }, /^jq_6\.snap: .*web page/],
    ['a statement elsewhere', () => snapRevision('jq'), { kind: 'redirect', to: '/x' }, /^jq_6\.snap: .*elsewhere/],
    ['half a statement', declaration('core22'), { kind: 'truncate', bytes: 100 }, /^core22_22\.snap: .*assertion/],
    ['a busy store of statements', declaration('jq'), status(502), /^jq_6\.snap: .*502/],
    ['channel maps as web pages', 'info/jq', { kind: 'html' }, /jq.*web page/],
    ['channel maps in halves', 'info/jq', { kind: 'truncate', bytes: 40 }, /info\/jq .*JSON/],
    ['a busy store', 'info/', status(500), /info\/\w+ .*500/],
    ['a store that is asked too often', 'info/jq', status(429, { 'retry-after': '7200' }), /jq.*120 minutes/],
    ['a store that never answers', 'info/jq', { kind: 'hang' }, /did not answer/],
    ['channel maps elsewhere', 'info/jq', { kind: 'redirect', to: 'https://evil.example/' }, /info\/jq .*elsewhere/],
  ])('with %s makes no bundle, and says what is wrong with what', async (_, matches, how, words) => {
    // The files are made after the table.
    online.misbehave(typeof matches === 'function' ? matches() : matches, how);
    expect((await mustFail()).message).toMatch(words);
  });

  it('with the statement about another snap makes no bundle', async () => {
    const other = authority.snap({ name: 'evil', snapId: testSnapId('evil'), revision: 1 });
    const [, itsDeclaration, itsRevision] = other.assertions;
    online.misbehave(snapRevision('jq'), { kind: 'instead', body: itsRevision?.encoded ?? '' });
    expect((await mustFail()).message).toMatch(/^jq_6\.snap: .*was asked for/);
    online.behave();
    online.misbehave(declaration('core22'), { kind: 'instead', body: itsDeclaration?.encoded ?? '' });
    expect((await mustFail()).message).toMatch(/^core22_22\.snap: .*was asked for/);
  });

  it('with a snap of its own that it has signed itself makes no bundle', async () => {
    const mine = stranger.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6, sizeBytes: 100_000 });
    const ofStranger = await startOnlineStore({ authority: stranger });
    const { path } = await ofStranger.publish({ name: 'jq', revision: 6, content: mine.content, stream: mine.stream });
    const download = { url: `${ofStranger.url}${path}`, size: mine.content.length, 'sha3-384': sha3(mine.content).hex };
    // All that names the snap's content is replaced.
    const change = (json: never) => replaceDownloads(json, contents.get('jq')?.length ?? 0, download);
    online.misbehave(/info\/jq|refresh/, { kind: 'json', change });
    for (const assertion of [...stranger.roots, ...mine.assertions]) {
      const body = Buffer.from(assertion.encoded);
      const answer = { status: 200, headers: { 'content-type': 'application/x.ubuntu.assertion' }, body };
      online.misbehave(`/v2/assertions/${[assertion.type.name, ...assertion.reducedPrimaryKey].join('/')}`, {
        kind: 'answer',
        answer,
      });
    }
    try {
      const error = await mustFail();
      expect(error.message).toMatch(/^(?:jq|core22)/);
      expect(error.code).toBe('fetch-refused');
    } finally {
      await ofStranger.close();
    }
  });

  it('with a snap that is not the one of its channel map makes no bundle', async () => {
    const change = (json: never) => {
      const answer = JSON.parse(JSON.stringify(json).replaceAll('"revision":6,', '"revision":7,')) as unknown;
      return answer;
    };
    online.misbehave(/info\/jq|refresh/, { kind: 'json', change });
    expect((await mustFail()).message).toMatch(/^jq_7\.snap: .*revision is "7".*"6"/);
  });

  it('is not asked for a file again that it said is not to be had for long', async () => {
    online.misbehave(file('jq'), status(429, { 'retry-after': '7200' }));
    const before = online.requestsOf(file('jq')).length;
    expect((await mustFail()).message).toMatch(/^jq_6\.snap: .*120 minutes/);
    expect(online.requestsOf(file('jq'))).toHaveLength(before + 1);
  });

  it('leaves nothing that a later fetch would believe', async () => {
    online.misbehave(file('jq'), { kind: 'flip', atByte: 99_000 });
    await mustFail();
    online.behave();
    const [carried] = await fetchJq();
    expect(carried?.snaps.map(({ name }) => name).sort()).toEqual(['core22', 'jq', 'snapd']);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is waited for when it is busy for a while, and everything comes through a shaky line', async () => {
    online.misbehave('/v2/', status(429, { 'retry-after': '0' }), { times: 2 });
    online.misbehave(file('jq'), { kind: 'cut', afterBytes: 70_000 }, { times: 1 });
    const [carried] = await fetchJq();
    expect(carried?.bytesDownloaded).toBe([...contents.values()].reduce((sum, { length }) => sum + length, 0));
    const path = online.requestsOf(file('jq')).at(-1)?.path ?? '';
    expect(online.requestsOf(file('jq')).at(-1)?.headers.range).toMatch(/^bytes=\d{5}-$/);
    expect(path).not.toBe('');
  });
});

/** Each download of a file of this size becomes another one. */
function replaceDownloads(json: unknown, sizeBytes: number, download: object): unknown {
  if (Array.isArray(json)) return json.map((one) => replaceDownloads(one, sizeBytes, download));
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).map(([key, value]: [string, unknown]) => {
    const isIt = key === 'download' && (value as { size?: unknown }).size === sizeBytes;
    return [key, isIt ? download : replaceDownloads(value, sizeBytes, download)] as const;
  });
  return Object.fromEntries(entries);
}
