// A catalogue of any size, written past the importer: what is served is not verified again, so it need not hold here.
import { Transaction } from '../../dist/platform/database/transaction.js';
import { Database } from '../../dist/platform/database/database.js';
import { CatalogWriter } from '../../dist/modules/catalog/index.js';

const BATCH = 250;
const AT = new Date('2026-01-01T00:00:00Z');
const SIGNATURE = `${'AcLBUgQAAQoABgUCV6lu'.repeat(48)}\n`;

export const snapIdOf = (number) => `bench${number}`.padEnd(32, 'x');
export const snapNameOf = (number) => `bench-${number}`;
export const digestOf = (number) => number.toString(16).padStart(96, '0');

/** One revision of each snap, on two channels, with what devices ask for about it. */
export async function fillCatalogue(context, snaps) {
  const writer = context.get(CatalogWriter);
  const transaction = context.get(Transaction);
  await insertAssertions(context, [
    assertion('account', ['benchdev'], {
      'account-id': 'benchdev',
      'display-name': 'Bench Dev',
      username: 'benchdev',
      validation: 'verified',
    }),
  ]);
  for (let start = 0; start < snaps; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, snaps - start) }, (_, index) => start + index);
    await transaction.run(async () => {
      for (const number of numbers) await addSnap(writer, number);
    });
    await insertAssertions(
      context,
      numbers.flatMap((number) => [
        assertion('snap-declaration', ['16', snapIdOf(number)], {
          series: '16',
          'snap-id': snapIdOf(number),
          'snap-name': snapNameOf(number),
          'publisher-id': 'benchdev',
        }),
        assertion('snap-revision', [base64url(digestOf(number)), 'global-upload'], {
          'snap-sha3-384': base64url(digestOf(number)),
          'developer-id': 'benchdev',
          'snap-id': snapIdOf(number),
          'snap-revision': '7',
          'snap-size': '4096000',
        }),
      ]),
    );
  }
}

async function addSnap(writer, number) {
  const [snapId, name] = [snapIdOf(number), snapNameOf(number)];
  await writer.ensureSnap({ snapId, name, publisherId: 'benchdev' });
  await writer.addRevision({
    snapId,
    revision: 7,
    sha3_384: digestOf(number),
    sizeBytes: 4_096_000,
    version: '1.7',
    type: 'app',
    base: 'core22',
    confinement: 'strict',
    grade: 'stable',
    architectures: ['amd64'],
    epoch: { read: [0], write: [0] },
    provenance: 'global-upload',
    snapYaml: snapYaml(name),
    commonIds: [],
    developerId: 'benchdev',
    icon: null,
    createdAt: AT,
  });
  const requests = ['latest/stable', 'latest/edge'].map((channel) => ({
    architecture: 'amd64',
    channel,
    revision: 7,
    releasedAt: AT,
  }));
  await writer.applyReleases(snapId, requests, { origin: 'import' });
}

/** About as long as those of real snaps with a few applications. */
function snapYaml(name) {
  const apps = Array.from(
    { length: 6 },
    (_, index) =>
      `  app-${index}:\n    command: bin/app-${index} --serve --config $SNAP_DATA/config.yaml\n    plugs: [network, network-bind, home, removable-media, desktop, wayland, x11, opengl]\n    environment: {LD_LIBRARY_PATH: $SNAP/usr/lib/x86_64-linux-gnu, XDG_DATA_HOME: $SNAP_USER_DATA/share}\n`,
  );
  return `name: ${name}\nversion: "1.7"\nsummary: A snap to measure with\ntitle: Bench\ndescription: |\n  ${'Words that describe what this snap does for whom. '.repeat(10)}\nbase: core22\nconfinement: strict\ngrade: stable\narchitectures: [amd64]\napps:\n${apps.join('')}`;
}

function assertion(type, primaryKey, headers) {
  const text = (headers) =>
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n');
  const all = {
    type,
    'authority-id': 'canonical',
    ...headers,
    timestamp: '2026-01-01T00:00:00Z',
    'sign-key-sha3-384': 'x'.repeat(64),
  };
  return { type, primaryKey, headers: all, encoded: Buffer.from(`${text(all)}\n\n${SIGNATURE}`) };
}

async function insertAssertions(context, assertions) {
  const { dataSource } = context.get(Database);
  const rows = assertions.map(
    (_, index) =>
      `($${index * 4 + 1}, $${index * 4 + 2}, 0, 0, 'canonical', 'x', $${index * 4 + 3}, $${index * 4 + 4})`,
  );
  await dataSource.query(
    `INSERT INTO snap_store.assertion (type, primary_key, revision, format, authority_id, sign_key, headers, encoded) VALUES ${rows.join(', ')}`,
    assertions.flatMap(({ type, primaryKey, headers, encoded }) => [
      type,
      primaryKey,
      JSON.stringify(headers),
      encoded,
    ]),
  );
}

export function base64url(hex) {
  return Buffer.from(hex, 'hex').toString('base64url');
}
