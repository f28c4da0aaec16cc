import { Channel } from '../../../src/kernel/channel.js';
import type { EmulatedOnlineStore, RecordedRequest } from '../online-store.js';
import { type Answer, jsonAnswer, notFound } from './answer.js';
import { downloadOf, type OfferedRelease, type OfferedRevision, type OfferedSnap } from './offer.js';

interface Action {
  readonly action: string;
  readonly 'instance-key': string;
  readonly name?: string;
  readonly 'snap-id'?: string;
  readonly channel?: string;
  readonly revision?: number;
  readonly 'cohort-key'?: string;
}

/** POST v2/snaps/refresh: what is asked for by name, by id, by channel or by revision. */
export function answerRefresh(store: EmulatedOnlineStore, request: RecordedRequest): Answer {
  const { actions } = JSON.parse(request.body) as { actions: readonly Action[] };
  const architecture = header(request, 'snap-device-architecture') ?? 'amd64';
  const results = actions.map((action) => {
    const common = { 'instance-key': action['instance-key'], name: action.name, 'snap-id': action['snap-id'] };
    const snap = visible(store, request, (one) => one.name === action.name || one.snapId === action['snap-id']);
    if (snap === null) {
      const code = action.name === undefined ? 'id-not-found' : 'name-not-found';
      return { ...common, result: 'error', error: { code, message: 'No snap is there with that name' } };
    }
    const found = choose(store, snap, action, architecture);
    if (found === null) {
      const releases = snap.releases.map((release) => ({
        architecture: release.architecture,
        channel: release.channel,
      }));
      const error = { code: 'revision-not-found', message: 'No revision is there for that', extra: { releases } };
      return { ...common, result: 'error', error };
    }
    const { offered, release } = found;
    return {
      ...common,
      result: action.action,
      name: snap.name,
      'snap-id': snap.snapId,
      ...(release === null ? {} : { 'effective-channel': release.channel, 'released-at': release.releasedAt }),
      snap: { ...snapObject(store, offered), ...revisionObject(store, offered), 'snap-yaml': offered.snapYaml },
    };
  });
  return jsonAnswer(200, { results, 'error-list': [] });
}

/** GET v2/snaps/info/NAME: the snap and its whole channel map, for one architecture or all. */
export function answerInfo(
  store: EmulatedOnlineStore,
  name: string,
  query: URLSearchParams,
  request: RecordedRequest,
): Answer {
  const snap = visible(store, request, (one) => one.name === name);
  const wanted = query.get('architecture');
  const releases = (snap?.releases ?? []).filter(
    ({ architecture }) => wanted === null || [wanted, 'all'].includes(architecture),
  );
  const [newest] = [...(snap?.revisions.values() ?? [])].sort((a, b) => b.revision - a.revision);
  if (snap === null || newest === undefined || releases.length === 0)
    return notFound('resource-not-found', `no snap named '${name}'`);
  return jsonAnswer(200, {
    name,
    'snap-id': snap.snapId,
    'default-track': defaultTrackOf(snap),
    snap: snapObject(store, newest),
    'channel-map': releases.map((release) => ({
      channel: channelObject(release, wanted),
      ...revisionObject(store, revisionOf(snap, release.revision)),
    })),
  });
}

function visible(
  store: EmulatedOnlineStore,
  request: RecordedRequest,
  isMeant: (snap: OfferedSnap) => boolean,
): OfferedSnap | null {
  const snap = [...store.snaps.values()].find(isMeant);
  const publication = [...(snap?.revisions.values() ?? [])].at(-1)?.publication;
  if (snap === undefined || publication === undefined) return null;
  const isOurs = publication.storeId === undefined || publication.storeId === header(request, 'snap-device-store');
  const isShown = publication.isPrivate !== true || request.headers.authorization === store.options.authorization;
  return isOurs && isShown ? snap : null;
}

function choose(
  store: EmulatedOnlineStore,
  snap: OfferedSnap,
  action: Action,
  architecture: string,
): { offered: OfferedRevision; release: OfferedRelease | null } | null {
  if (action.revision !== undefined) {
    const offered = snap.revisions.get(action.revision);
    return offered === undefined ? null : { offered, release: null };
  }
  const asked = Channel.parseWithDefaultTrack(action.channel ?? 'stable', defaultTrackOf(snap) ?? 'latest');
  const names = [asked, ...asked.fallbacks()].map(String);
  const release = names
    .map((channel) =>
      snap.releases.find((one) => one.channel === channel && [architecture, 'all'].includes(one.architecture)),
    )
    .find((one) => one !== undefined);
  if (release === undefined) return null;
  const inCohort = store.cohorts.get(action['cohort-key'] ?? '')?.get(snap.name);
  return { offered: revisionOf(snap, inCohort ?? release.revision), release };
}

function revisionOf(snap: OfferedSnap, revision: number): OfferedRevision {
  const offered = snap.revisions.get(revision);
  if (offered === undefined) throw new Error(`${snap.name} ${revision} is released and not published`);
  return offered;
}

function defaultTrackOf(snap: OfferedSnap): string | null {
  return [...snap.revisions.values()].at(-1)?.publication.defaultTrack ?? null;
}

function channelObject({ channel, architecture, releasedAt }: OfferedRelease, wanted: string | null) {
  const { track, risk, branch } = Channel.parse(channel);
  const name = [...(track === 'latest' ? [] : [track]), risk, ...(branch === null ? [] : [branch])].join('/');
  return {
    architecture: architecture === 'all' ? (wanted ?? 'amd64') : architecture,
    name,
    track,
    risk,
    'released-at': releasedAt,
  };
}

function snapObject(store: EmulatedOnlineStore, { name, snapId, yaml, media, publication }: OfferedRevision) {
  return {
    name,
    'snap-id': snapId,
    title: `The ${name}`,
    summary: yaml.summary,
    description: yaml.description,
    license: 'MIT',
    contact: 'mailto:maker@example.com',
    website: null,
    links: { contact: ['mailto:maker@example.com'] },
    categories: [{ name: 'utilities', featured: false }],
    prices: {},
    private: publication.isPrivate ?? false,
    publisher: {
      id: 'testpublisher',
      username: 'testpublisher',
      'display-name': 'Test Publisher',
      validation: 'unproven',
    },
    'store-url': `https://snaps.example/${name}`,
    media: media.map(({ path, ...use }) => ({ ...use, url: `${store.publicUrl}${path}` })),
    ...publication.says,
  };
}

function revisionObject(store: EmulatedOnlineStore, offered: OfferedRevision) {
  const { yaml, revision, components } = offered;
  const createdAt = offered.publication.createdAt ?? '2026-01-01T00:00:00.123456+00:00';
  return {
    architectures: yaml.architectures,
    base: yaml.base,
    confinement: yaml.confinement,
    'common-ids': [],
    'created-at': createdAt,
    download: downloadOf(store.publicUrl, offered),
    epoch: yaml.epoch,
    revision,
    type: yaml.type,
    version: yaml.version,
    resources: components.map((component) => ({
      type: `component/${component.type}`,
      name: component.name,
      revision: component.revision,
      version: component.version ?? yaml.version,
      'created-at': createdAt,
      description: component.name,
      download: downloadOf(store.publicUrl, component),
    })),
  };
}

function header({ headers }: RecordedRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}
