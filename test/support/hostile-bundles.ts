import { encodeManifest, MANIFEST_PATH, SIGNATURE_PATH, SUMS_PATH } from '../../src/formats/bundle/index.js';
import {
  gzipped,
  membersOf,
  newSigner,
  packBundle,
  signatureFile,
  sumsOf,
  type NamedMember,
  type TestBundle,
} from './bundles.js';
import { HOSTILE_MANIFESTS } from './hostile-manifests.js';
import { paxRecords, rawHeader, rawTar, type RawEntry } from './raw-tar.js';

/** A bundle that must be refused, made out of a sound one that has at least one assertion file and one snap. */
export interface HostileBundle {
  readonly name: string;
  /** The code of the refusal. */
  readonly code: string;
  /** What the message must hold besides the file: the member, and what is wrong where that matters. */
  readonly names: (base: TestBundle) => string;
  readonly make: (base: TestBundle) => Promise<Buffer>;
}

const damaged = 'bundle-damaged';
const refused = 'bundle-member-refused';
const incomplete = 'bundle-incomplete';
const tooLarge = 'bundle-too-large';

/** Every way in which a carried file has been known, or is imagined, to be wrong. For the reader and for whole imports. */
export const HOSTILE_BUNDLES: readonly HostileBundle[] = [
  // gzip
  packed('gzip cut in the middle of a snap', damaged, firstSnap, async (base) => {
    const bytes = await packBundle(base);
    return bytes.subarray(0, bytes.indexOf(snapContent(base)) + 20);
  }),
  packed('gzip without its last byte', damaged, file, async (base) => (await packBundle(base)).subarray(0, -1)),
  packed('gzip with a wrong checksum', damaged, file, async (base) => flipped(await packBundle(base), -5)),
  packed('gzip with a block that lies about its length', damaged, file, async (base) =>
    flipped(await packBundle(base), 11),
  ),
  packed('something after the gzip stream', damaged, file, async (base) => after(await packBundle(base), 'surprise')),
  packed('zeros after the gzip stream', damaged, file, async (base) => after(await packBundle(base), '\0'.repeat(600))),
  packed('nothing at all', damaged, file, () => Promise.resolve(Buffer.alloc(0))),
  packed('a gzip stream of nothing', damaged, file, () => Promise.resolve(gzipped(Buffer.alloc(0)))),
  packed('a mebibyte of noise in gzip', damaged, file, () => Promise.resolve(gzipped(Buffer.alloc(1 << 20, 'noise')))),
  // tar
  tarred('tar cut inside a member', damaged, firstSnap, (members, base) => {
    const tar = rawTar(members);
    return tar.subarray(0, tar.indexOf(snapContent(base)) + 20);
  }),
  tarred('tar without its end mark', damaged, file, (members) => rawTar(members, Buffer.alloc(0))),
  tarred(
    'a tar header with a wrong checksum',
    damaged,
    () => MANIFEST_PATH,
    (members) => {
      const [first, ...rest] = members;
      return Buffer.concat([rawTar([first!], Buffer.alloc(0)), flipped(rawTar(rest), 0)]);
    },
  ),
  tarred(
    'another archive after the end mark',
    refused,
    () => MANIFEST_PATH,
    (members) => Buffer.concat([rawTar(members), rawTar(members)]),
  ),
  // paths
  ...Object.entries({
    'dot dot': ['snaps/../../../etc/cron.d/x', 'has ".." in its path'],
    'dot dot alone': ['..', 'has ".." in its path'],
    'a leading slash': ['/etc/passwd', 'has an absolute path'],
    'a drive letter': ['C:/windows/x', 'has an absolute path'],
    backslashes: ['snaps\\..\\x.snap', 'has a backslash in its name'],
    'a leading dot': ['./bundle.json', 'has an empty or "." part in its path'],
    'an empty part': ['snaps//x.snap', 'has an empty or "." part in its path'],
    'nothing in it': ['', 'has no name'],
    'a line feed': ['snaps/x\nOK everything verified', 'has a control character'],
    'a direction mark': ['snaps/x\u202epans.evil', 'snaps/x\\u{202e}pans.evil: is not declared'],
    'full-width letters': ['ｂundle.json', 'is not declared'],
    'a combining mark': ['snaps/j\u0301q.snap', 'is not declared'],
  }).map(([name, [path = '', reason = '']]) =>
    tarred(`a path with ${name}`, refused, () => reason, beforeSnap({ path, content: Buffer.from('x') })),
  ),
  tarred('a path with NUL', refused, () => 'snaps/x', beforeSnap({ path: 'snaps/x\0.snap' })),
  tarred('a path of broken UTF-8', refused, file, beforeSnap({ path: Buffer.from([0x73, 0xff, 0xfe]) })),
  // types
  ...Object.entries({
    '1': 'a hard link',
    '2': 'a symbolic link',
    '3': 'a device',
    '4': 'a device',
    '5': 'a folder',
    '6': 'a named pipe',
    '7': 'a contiguous file',
    S: 'of an unknown type',
  }).map(([type, words]) =>
    tarred(
      `type ${type} in place of a snap`,
      refused,
      (base) => `${snapOf(base)}: is ${words}`,
      (members, base) =>
        rawTar(
          members.map((one) => (one.path === snapOf(base) ? { path: one.path, type, linkName: '/etc/passwd' } : one)),
        ),
    ),
  ),
  // extended headers
  ...Object.entries({
    'pax header that renames': { type: 'x', content: paxRecords({ path: 'snaps/other.snap' }) },
    'pax header that resizes': { type: 'x', content: paxRecords({ size: '1' }) },
    'harmless pax header': { type: 'x', content: paxRecords({ mtime: '1.5' }) },
    'global pax header': { type: 'g', content: paxRecords({ path: 'snaps/other.snap' }) },
    'GNU long name': { type: 'L', content: Buffer.from('snaps/other.snap\0') },
    'GNU long link': { type: 'K', content: Buffer.from('/etc/passwd\0') },
  }).map(([name, header]) => tarred(`a ${name}`, refused, file, beforeSnap({ path: 'PaxHeader', ...header }))),
  tarred('blocks of zeros between members', refused, firstSnap, (members, base) => {
    const cut = members.findIndex(({ path }) => path === snapOf(base));
    return Buffer.concat([rawTar(members.slice(0, cut)), rawTar(members.slice(cut))]);
  }),
  // members
  tarred(
    'no manifest first',
    refused,
    () => SIGNATURE_PATH,
    (members) => rawTar(members.slice(1)),
  ),
  tarred(
    'the manifest twice',
    refused,
    () => MANIFEST_PATH,
    (members) => rawTar([members[0]!, ...members]),
  ),
  tarred('a snap twice', refused, firstSnap, (members, base) => rawTar(twice(members, snapOf(base)))),
  tarred(
    'an assertion file twice',
    refused,
    () => 'assertions/',
    (members) => rawTar(twice(members, members[2]!.path)),
  ),
  tarred('an undeclared snap', refused, () => 'snaps/extra.snap', beforeSnap({ path: 'snaps/extra.snap' })),
  tarred('a member in an unknown place', refused, () => 'hooks/run', beforeSnap({ path: 'hooks/run' })),
  tarred(
    'members out of order',
    refused,
    () => 'assertions/',
    (members, base) =>
      rawTar([...members.slice(0, 2), member(members, snapOf(base)), ...without(members.slice(2), snapOf(base))]),
  ),
  tarred(
    'the signature at the end',
    refused,
    () => SIGNATURE_PATH,
    (members) => rawTar([...without(members, SIGNATURE_PATH, SUMS_PATH), members[1]!, members.at(-1)!]),
  ),
  tarred(
    'something after the sums',
    refused,
    () => 'snaps/late.snap',
    (members) => rawTar([...members, { path: 'snaps/late.snap' }]),
  ),
  tarred('all snaps missing', incomplete, firstSnap, (members) =>
    rawTar(members.filter(({ path }) => !path.startsWith('snaps/') && !path.startsWith('media/'))),
  ),
  tarred('nothing after the assertions', incomplete, firstSnap, (members) =>
    rawTar(members.filter(({ path }) => !/^(?:snaps|media|SHA)/.test(path))),
  ),
  tarred(
    'no sums',
    incomplete,
    () => SUMS_PATH,
    (members) => rawTar(without(members, SUMS_PATH)),
  ),
  tarred(
    'an empty tar',
    incomplete,
    () => MANIFEST_PATH,
    () => rawTar([]),
  ),
  // contents
  tarred('a snap with one byte changed', damaged, firstSnap, (members, base) =>
    rawTar(replaced(members, snapOf(base), flipped(snapContent(base), 5))),
  ),
  tarred(
    'a snap one byte short',
    damaged,
    firstSnapHas((declared) => declared - 1),
    (members, base) => rawTar(replaced(members, snapOf(base), snapContent(base).subarray(1))),
  ),
  tarred(
    'a snap whose header promises eight gibibytes',
    damaged,
    firstSnapHas(() => 2 ** 33 - 1),
    (members, base) => rawTar(members.map((one) => (one.path === snapOf(base) ? { ...one, size: 2 ** 33 - 1 } : one))),
  ),
  tarred(
    'an assertion file with one byte changed',
    damaged,
    () => 'assertions/',
    (members) => rawTar(replaced(members, members[2]!.path, flipped(members[2]!.content, 3))),
  ),
  sums('a wrong digest', 'line', (text) => text.replace(/[0-9a-f](?=[0-9a-f]{5} {2}snaps)/, 'x')),
  sums('a line missing', 'has', (text) => text.replace(/^.*snaps.*\n/m, '')),
  sums('a line more', 'has', (text) => `${text}${'0'.repeat(96)}  snaps/other.snap\n`),
  sums('another order', 'line 1 is not', (text) => `${text.split('\n').slice(0, -1).reverse().join('\n')}\n`),
  sums('no last line feed', 'line', (text) => `${text.slice(0, -1)} `),
  // bombs
  tarred(
    'a manifest of a gibibyte of zeros',
    tooLarge,
    () => MANIFEST_PATH,
    () => rawHeader({ path: MANIFEST_PATH, size: 2 ** 30 }),
  ),
  bomb('a hundred mebibytes of zeros after the end', tooLarge, (members) => rawTar(members, Buffer.alloc(100 << 20))),
  bomb('extended headers without end', tooLarge, () =>
    Buffer.concat(
      Array.from({ length: 40 }, () =>
        rawTar([{ path: 'x', type: 'x', content: Buffer.alloc(1 << 20) }], Buffer.alloc(0)),
      ),
    ),
  ),
  bomb('an extended header of a gibibyte', damaged, () => rawHeader({ path: 'x', type: 'x', size: 2 ** 30 })),
  tarred(
    'a signature file of a mebibyte',
    tooLarge,
    () => SIGNATURE_PATH,
    (members) => rawTar(replaced(members, SIGNATURE_PATH, Buffer.alloc(1 << 20, ' '))),
  ),
  // signatures
  signature('a signature of another manifest', async (base) =>
    signatureFile(Buffer.from('{}'), base.signer ?? newSigner()),
  ),
  signature('a signature under another key-id', async (base) => {
    const [signer, other] = [newSigner(), newSigner()];
    return signatureFile(encodeManifest(base.manifest), { ...signer, keyId: other.keyId });
  }),
  signature('a signature by another key than it names', async (base) => {
    const [signer, other] = [newSigner(), newSigner()];
    return signatureFile(encodeManifest(base.manifest), { ...signer, sign: (bytes) => other.sign(bytes) });
  }),
  signature('a signature of zeros', (base) =>
    signatureFile(encodeManifest(base.manifest), { ...newSigner(), sign: () => Buffer.alloc(64) }),
  ),
  signature('a signature that is no JSON', () => Promise.resolve(Buffer.from('-----BEGIN PGP SIGNATURE-----'))),
  signature('a signature that is a list', () => Promise.resolve(Buffer.from('[]'))),
  signature('an empty signature file', () => Promise.resolve(Buffer.alloc(0))),
  // manifests
  ...HOSTILE_MANIFESTS.map(({ name, code, names, spoil }) =>
    packed(
      `a manifest with ${name}`,
      code,
      () => `${MANIFEST_PATH}: ${names}`,
      async (base) => {
        const members = await membersOf({ ...base, signer: null });
        const manifest = spoil(members[0]!.content);
        const spoiled = [{ path: MANIFEST_PATH, content: manifest }, ...members.slice(1, -1)];
        return gzipped(rawTar([...spoiled, sumsOf(spoiled)]), 1);
      },
    ),
  ),
];

function packed(name: string, code: string, names: HostileBundle['names'], make: HostileBundle['make']): HostileBundle {
  return { name, code, names, make };
}

type MakeTar = (members: readonly NamedMember[], base: TestBundle) => Buffer;

/** A tar made by hand of the signed bundle's members, in gzip. */
function tarred(name: string, code: string, names: HostileBundle['names'], tar: MakeTar): HostileBundle {
  return packed(name, code, names, async (base) => {
    const signed = { ...base, signer: base.signer ?? newSigner() };
    return gzipped(tar(await membersOf(signed), signed), 1);
  });
}

function bomb(name: string, code: string, tar: MakeTar): HostileBundle {
  return tarred(name, code, file, tar);
}

function sums(name: string, reason: string, spoil: (text: string) => string): HostileBundle {
  return tarred(
    `sums with ${name}`,
    damaged,
    () => `${SUMS_PATH}: ${reason}`,
    (members) => {
      const text = member(members, SUMS_PATH).content.toString();
      return rawTar(replaced(members, SUMS_PATH, Buffer.from(spoil(text))));
    },
  );
}

/** How the message begins when a snap has not the size that was declared. */
function firstSnapHas(sizeOf: (declared: number) => number): HostileBundle['names'] {
  return (base) => {
    const declared = snapContent(base).length;
    return `${snapOf(base)}: has ${sizeOf(declared)} bytes where ${declared} were declared`;
  };
}

function signature(name: string, make: (base: TestBundle) => Promise<Buffer>): HostileBundle {
  return packed(
    name,
    'bundle-signature-refused',
    () => SIGNATURE_PATH,
    async (base) => {
      const members = await membersOf({ ...base, signer: base.signer ?? newSigner() });
      const spoiled = replaced(members, SIGNATURE_PATH, await make(base)).slice(0, -1);
      return gzipped(rawTar([...spoiled, sumsOf(spoiled)]));
    },
  );
}

function beforeSnap(entry: RawEntry): MakeTar {
  return (members, base) => {
    const cut = members.findIndex(({ path }) => path === snapOf(base));
    return rawTar([...members.slice(0, cut), entry, ...members.slice(cut)]);
  };
}

/** Nothing but the file can be named where damage has no member. */
function file(): string {
  return '';
}

function firstSnap(base: TestBundle): string {
  return snapOf(base);
}

function snapOf(base: TestBundle): string {
  return [...base.contents.keys()].filter((path) => path.startsWith('snaps/')).sort()[0]!;
}

function snapContent(base: TestBundle): Buffer {
  return base.contents.get(snapOf(base))!;
}

function member(members: readonly NamedMember[], path: string): NamedMember {
  return members.find((one) => one.path === path)!;
}

function without(members: readonly NamedMember[], ...paths: readonly string[]): NamedMember[] {
  return members.filter(({ path }) => !paths.includes(path));
}

function twice(members: readonly NamedMember[], path: string): NamedMember[] {
  return members.flatMap((one) => (one.path === path ? [one, one] : [one]));
}

function replaced(members: readonly NamedMember[], path: string, content: Buffer): NamedMember[] {
  return members.map((one) => (one.path === path ? { path, content } : one));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy.writeUInt8(copy.readUInt8(index) ^ 0x01, index);
  return copy;
}

function after(bytes: Buffer, text: string): Buffer {
  return Buffer.concat([bytes, Buffer.from(text)]);
}
