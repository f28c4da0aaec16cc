/** A way to spoil the bytes of a sound bundle.json, and what must be said about it. */
export interface HostileManifest {
  readonly name: string;
  readonly code: string;
  /** How the reason begins: the field's path, or the complaint about the whole. */
  readonly names: string;
  readonly spoil: (manifestBytes: Buffer) => Buffer;
}

type Json = Record<string, unknown>;

const SNAP = 'snaps[0]';

/** A manifest with one thing wrong, each. The base must carry a snap with a revision and a release, and an assertion file. */
export const HOSTILE_MANIFESTS: readonly HostileManifest[] = [
  // the text
  text('no JSON in it', 'is not JSON', () => 'hello'),
  text('nothing in it', 'is not JSON', () => ''),
  text('JSON cut short', 'is not JSON', (json) => json.slice(0, -20)),
  text('two values', 'is not JSON', (json) => `${json}{}`),
  text('a byte order mark', 'is not JSON', (json) => `\ufeff${json}`),
  text('a list for the whole', 'the whole must be an object', () => '[]'),
  text('null for the whole', 'the whole must be an object', () => 'null'),
  text('a key twice', 'has the key "id" twice', (json) => json.replace('"id":', '"id":"x","id":')),
  text('a key twice in two spellings', 'has the key "id" twice', (json) =>
    json.replace('"id":', '"\\u0069d":"x","id":'),
  ),
  text('deep nesting', 'is nested more than', (json) =>
    json.replace('{', `{"x":${'['.repeat(9999)}${']'.repeat(9999)},`),
  ),
  text('deep nesting and no end', 'is nested more than', () => '{"a":'.repeat(200_000)),
  text('two million values', 'holds more than', (json) => json.replace('{', `{"x":[${'0,'.repeat(2_000_000)}0],`)),
  { name: 'broken UTF-8', code: 'bundle-manifest-invalid', names: 'is not UTF-8', spoil: brokenUtf8 },
  {
    name: 'UTF-16',
    code: 'bundle-manifest-invalid',
    names: 'is not',
    spoil: (bytes) => Buffer.from(bytes.toString(), 'utf16le'),
  },
  {
    name: 'twenty mebibytes of blanks',
    code: 'bundle-too-large',
    names: 'is larger than',
    spoil: (bytes) => Buffer.concat([bytes, Buffer.alloc(20 << 20, ' ')]),
  },
  // versions
  version('a later format', 'has format 2; this program reads 1', (manifest) => (manifest.format = 2)),
  version('format 0', 'has format 0', (manifest) => (manifest.format = 0)),
  version('an unknown feature', 'needs "deltas"', (manifest) => (manifest.requires = ['deltas'])),
  field('a format that is text', 'format must be', (manifest) => (manifest.format = '1')),
  field('another type of file', 'type must be', (manifest) => (manifest.type = 'snap-inventory')),
  field('no type', 'type is missing', (manifest) => delete manifest.type),
  // the head
  field('an id that is a path', 'id must be', (manifest) => (manifest.id = '../../../etc/passwd')),
  field('a moment that never was', 'created', (manifest) => (manifest.created = '2026-13-45T99:00:00Z')),
  field('a moment without a zone', 'created', (manifest) => (manifest.created = '2026-01-02T03:04:05')),
  field('no tool', 'tool is missing', (manifest) => delete manifest.tool),
  field('snaps that are an object', 'snaps must be a list', (manifest) => (manifest.snaps = {})),
  field('a snap that is null', 'snaps[1] must be an object', (manifest) => (manifest.snaps as unknown[]).push(null)),
  field('a snap twice', 'snaps names', (manifest) => (manifest.snaps as unknown[]).push(snapOf(manifest))),
  // a snap
  snap('a snap-id that climbs', 'snap-id', (one) => (one['snap-id'] = '../'.repeat(10) + 'xx')),
  snap('a name in Cyrillic', 'name', (one) => (one.name = 'jԛ')),
  snap('a name with a direction mark', 'name', (one) => (one.name = 'jq\u202e')),
  snap('a name with a line feed', 'name', (one) => (one.name = 'jq\n')),
  snap('a track that is a path', 'default-track', (one) => (one['default-track'] = '../x')),
  snap('a track that is a risk', 'default-track', (one) => (one['default-track'] = 'edge')),
  snap('a title with half a surrogate pair', 'metadata.title', (one) => (metadataOf(one).title = 'a\ud800')),
  snap('a title with NUL', 'metadata.title', (one) => (metadataOf(one).title = 'a\0b')),
  snap('a title with an escape sequence', 'metadata.title', (one) => (metadataOf(one).title = '\x1b[2Jgone')),
  snap(
    'a description beyond all bounds',
    'metadata.description',
    (one) => (metadataOf(one).description = 'x'.repeat(70_000)),
  ),
  snap('a link that runs script', 'metadata.website', (one) => (metadataOf(one).website = 'javascript:alert(1)')),
  snap(
    'a link that leaves its attribute',
    'metadata.contact',
    (one) => (metadataOf(one).contact = 'https://x/"onload='),
  ),
  snap('a picture that is nowhere', 'metadata.media', (one) => {
    metadataOf(one).media = [{ type: 'icon', 'sha3-384': 'ab'.repeat(48) }];
  }),
  // its channel map
  release('a channel in short', 'channel', (one) => (one.channel = 'stable')),
  release('a channel that is a path', 'channel', (one) => (one.channel = '../stable')),
  release('an unknown architecture', 'architecture', (one) => (one.architecture = 'z80')),
  release(
    'a revision that is not carried',
    '',
    (one) => (one.revision = 4711),
    `${SNAP}.channel-map has revision 4711`,
  ),
  release('a release without a will', 'requested', (one) => delete one.requested),
  snap('a channel twice', 'channel-map names', (one) => {
    const map = one['channel-map'] as unknown[];
    map.push(map[0]);
  }),
  // its revisions
  revision('revision 0', 'revision must be', (one) => (one.revision = 0)),
  revision('a revision of 2^31', 'revision must be', (one) => (one.revision = 2 ** 31)),
  revision('half a revision', 'revision must be', (one) => (one.revision = 1.5)),
  revision('an empty snap', 'size must be', (one) => (one.size = 0)),
  revision('a negative size', 'size must be', (one) => (one.size = -1)),
  revision('a size beyond exact numbers', 'size must be', (one) => (one.size = 2 ** 60)),
  revision('a size that is text', 'size must be', (one) => (one.size = '100')),
  revision('a digest in upper case', 'sha3-384 does not fit', (one) => (one['sha3-384'] = 'AB'.repeat(48))),
  revision('a digest that is too short', 'sha3-384 does not fit', (one) => (one['sha3-384'] = 'ab'.repeat(32))),
  revision('no architecture', 'architectures must name', (one) => (one.architectures = [])),
  revision(
    'a component that is not carried',
    '',
    (one) => {
      one.components = [{ name: 'extra', revision: 1 }];
    },
    `${SNAP}.revisions pairs`,
  ),
  snap(
    'a revision twice',
    '',
    (one) => {
      const revisions = one.revisions as unknown[];
      revisions.push(revisions[0]);
    },
    'revisions names',
  ),
  snap(
    'a component twice',
    '',
    (one) => {
      const component = { name: 'docs', revision: 1, type: 'standard', 'sha3-384': 'ab'.repeat(48), size: 1 };
      one.components = [component, component];
    },
    'components names',
  ),
  field('one snap-id under two names', 'snaps names', (manifest) => {
    const other = { ...snapOf(manifest), name: 'another', 'channel-map': [], revisions: [], components: [] };
    (manifest.snaps as Json[]).push(other);
  }),
  field('two snaps of one name', 'snaps names', (manifest) => {
    const other = { ...snapOf(manifest), 'snap-id': 'z'.repeat(32), 'channel-map': [], revisions: [], components: [] };
    (manifest.snaps as Json[]).push(other);
  }),
  // files
  assertionFile('an assertion file elsewhere', 'path', (one) => (one.path = 'assertions/../../x.assert')),
  assertionFile('an assertion file deeper', 'path', (one) => (one.path = 'assertions/deep/x.assert')),
  assertionFile('a snap as assertion file', 'path', (one) => (one.path = 'snaps/x.snap')),
  assertionFile('an assertion file without end', 'size', (one) => (one.size = 2 ** 40)),
  field('an assertion file twice', 'assertions names', (manifest) => {
    const files = manifest.assertions as Json[];
    files.push(files[0]!);
  }),
  field('a picture twice', 'media names', (manifest) => {
    const picture = { 'sha3-384': 'ab'.repeat(48), size: 1, 'content-type': 'image/png' };
    manifest.media = [picture, picture];
  }),
  field('a picture that is a page', 'media[0].content-type does not fit', (manifest) => {
    manifest.media = [{ 'sha3-384': 'ab'.repeat(48), size: 1, 'content-type': 'text/html' }];
  }),
  field('an assumed revision that is carried', 'revisions names', (manifest) => {
    const {
      name,
      'snap-id': snapId,
      revisions,
    } = snapOf(manifest) as { name: string; 'snap-id': string; revisions: Json[] };
    const { revision: number, 'sha3-384': digest } = revisions[0]!;
    manifest.assumes = { revisions: [{ name, 'snap-id': snapId, revision: number, 'sha3-384': digest }] };
  }),
];

function text(name: string, names: string, spoil: (json: string) => string): HostileManifest {
  return { name, code: 'bundle-manifest-invalid', names, spoil: (bytes) => Buffer.from(spoil(bytes.toString())) };
}

function field(name: string, names: string, spoil: (manifest: Json) => unknown): HostileManifest {
  return {
    name,
    code: 'bundle-manifest-invalid',
    names,
    spoil: (bytes) => {
      const manifest = JSON.parse(bytes.toString()) as Json;
      spoil(manifest);
      return Buffer.from(JSON.stringify(manifest));
    },
  };
}

function version(name: string, names: string, spoil: (manifest: Json) => unknown): HostileManifest {
  return { ...field(name, names, spoil), code: 'bundle-version-unsupported' };
}

function snap(name: string, key: string, spoil: (snap: Json) => unknown, names = `${SNAP}.${key}`): HostileManifest {
  return field(name, names, (manifest) => spoil(snapOf(manifest)));
}

function release(
  name: string,
  key: string,
  spoil: (release: Json) => unknown,
  names = `${SNAP}.channel-map[0].${key}`,
): HostileManifest {
  return field(name, names, (manifest) => spoil((snapOf(manifest)['channel-map'] as Json[])[0]!));
}

function revision(
  name: string,
  key: string,
  spoil: (revision: Json) => unknown,
  names = `${SNAP}.revisions[0].${key}`,
): HostileManifest {
  return field(name, names, (manifest) => spoil((snapOf(manifest).revisions as Json[])[0]!));
}

function assertionFile(name: string, key: string, spoil: (file: Json) => unknown): HostileManifest {
  return field(name, `assertions[0].${key}`, (manifest) => spoil((manifest.assertions as Json[])[0]!));
}

function snapOf(manifest: Json): Json {
  return (manifest.snaps as Json[])[0]!;
}

function metadataOf(one: Json): Json {
  const metadata = (one.metadata ?? { private: false }) as Json;
  one.metadata = metadata;
  return metadata;
}

function brokenUtf8(bytes: Buffer): Buffer {
  const at = bytes.indexOf('snap-store-proxy');
  const copy = Buffer.from(bytes);
  copy.writeUInt8(0xff, at);
  return copy;
}
