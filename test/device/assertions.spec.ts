import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Assertion,
  decodeAssertionStream,
  encodeAssertionStream,
  type HeaderMap,
  signAssertion,
  SigningKey,
} from '../../src/formats/assertion/index.js';
import { prepareClient, repairClient, testRoot } from './support/client.js';
import type { Device } from './support/device.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';

const ROOT = 'testrootorg';
const BRAND = 'acmebrand';
const AT = '2026-01-01T00:00:00Z';
const DIGEST = Buffer.alloc(48, 7).toString('base64url');
const REPAIR_SCRIPT = '#!/bin/sh\necho mended by repair\necho done >&$SNAP_REPAIR_STATUS_FD\n';

await prepareClient();
const hasRepairs = existsSync(repairClient.program) && existsSync(repairClient.secretKey);
/** `snap version` of the client; the packaged one is 2.57, which has no UBUNTU_STORE_URL. */
const isNewerClient = !(process.env.SNAPD_CLIENT_VERSION ?? '2.57.6').startsWith('2.57');

class Signer {
  constructor(
    readonly account: string,
    private readonly key: SigningKey,
  ) {}

  sign(type: string, headers: HeaderMap, body?: string): Assertion {
    const at: HeaderMap = type === 'account-key' ? {} : { timestamp: AT };
    const given = { 'authority-id': this.account, ...at, ...headers };
    return signAssertion({
      type,
      headers: given,
      key: this.key,
      signedAt: new Date(AT),
      ...(body === undefined ? {} : { body }),
    });
  }
}

describe('assertions that a real snapd asks for', () => {
  let lab: Lab;
  let device: Device;
  let root: Signer;
  let brand: Signer;
  let brandChain: Assertion[];

  const set = (sequence: number, revision: string): Assertion =>
    brand.sign('validation-set', {
      series: '16',
      'account-id': BRAND,
      name: 'classroom',
      sequence: String(sequence),
      snaps: [{ name: 'jq', id: snapIdOf('jq'), presence: 'required', revision }],
    });
  const file = async (name: string, ...assertions: Assertion[]): Promise<string> => {
    const path = join(lab.folder, name);
    await writeFile(path, encodeAssertionStream(assertions));
    return path;
  };

  beforeAll(async () => {
    lab = await Lab.open();
    root = new Signer(ROOT, SigningKey.fromArmored(await readFile(testRoot.rootSecretKey, 'utf8')));
    const key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey);
    brand = new Signer(BRAND, key);
    const account = { 'account-id': BRAND, 'display-name': 'Acme', username: BRAND, validation: 'unproven' };
    const accountKey = { 'account-id': BRAND, name: 'default', since: '2020-01-01T00:00:00Z' };
    brandChain = [
      root.sign('account', account),
      root.sign(
        'account-key',
        { ...accountKey, 'public-key-sha3-384': key.id, timestamp: undefined },
        key.publicKey.encode(),
      ),
    ];
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), await lab.snaps.make('jq', 6));
    device = await lab.device();
  });

  afterAll(() => lab.close());

  it('come byte for byte by their whole key: snap known --remote', async () => {
    const keyOf: [Assertion, string][] = [
      [brandChain[0]!, `account account-id=${BRAND}`],
      [brandChain[1]!, `account-key public-key-sha3-384=${brandChain[1]!.text('public-key-sha3-384')}`],
      [set(1, '6'), `validation-set series=16 account-id=${BRAND} name=classroom sequence=1`],
      [
        brand.sign('model', { series: '16', 'brand-id': BRAND, model: 'box', classic: 'true', store: 'acme-store' }),
        `model series=16 brand-id=${BRAND} model=box`,
      ],
      [
        root.sign('store', { store: 'acme-store', 'operator-id': BRAND, url: 'https://store.example' }),
        'store store=acme-store',
      ],
      [
        brand.sign('system-user', {
          'brand-id': BRAND,
          email: 'ops@acme.example',
          series: ['16'],
          models: ['box'],
          name: 'Ops',
          username: 'ops',
          password: '$6$rounds=5000$salt$hash',
          since: AT,
          until: '2027-01-01T00:00:00Z',
        }),
        `system-user brand-id=${BRAND} email=ops@acme.example`,
      ],
      [
        root.sign('snap-developer', { 'snap-id': snapIdOf('jq'), 'publisher-id': ROOT }),
        `snap-developer snap-id=${snapIdOf('jq')} publisher-id=${ROOT}`,
      ],
      [
        root.sign('validation', {
          series: '16',
          'snap-id': snapIdOf('jq'),
          'approved-snap-id': snapIdOf('core22'),
          'approved-snap-revision': '1',
        }),
        `validation series=16 snap-id=${snapIdOf('jq')} approved-snap-id=${snapIdOf('core22')} approved-snap-revision=1`,
      ],
      [
        brand.sign('preseed', {
          series: '16',
          'brand-id': BRAND,
          model: 'box',
          'system-label': '20260101',
          snaps: [{ name: 'jq', id: snapIdOf('jq'), revision: '6' }],
          'artifact-sha3-384': DIGEST,
        }),
        `preseed series=16 brand-id=${BRAND} model=box system-label=20260101`,
      ],
    ];
    await lab.store.must('assertions', 'push', await file('many.assert', ...keyOf.map(([assertion]) => assertion)));
    for (const [assertion, words] of keyOf) {
      const [found, ...more] = await decodeAssertionStream(
        Buffer.from(await device.must(`snap known --remote ${words}`)),
      );
      expect([found?.toString(), more.length]).toEqual([assertion.toString(), 0]);
      expect(found?.encoded.toString().trimEnd()).toBe(assertion.encoded.toString().trimEnd());
    }
  });

  it('that are not held are nothing, and no error', async () => {
    for (const words of [`model series=16 brand-id=${BRAND} model=none`, `account account-id=nobody`]) {
      const { exitCode, stdout } = await device.run(`snap known --remote ${words}`);
      expect([words, exitCode, stdout]).toEqual([words, 0, '']);
    }
  });

  it('are taken by a device that acknowledges what the store has of them', async () => {
    const words = `series=16 brand-id=${BRAND} model=box`;
    await device.must(
      `(snap known --remote account account-id=${BRAND}; echo; snap known --remote account-key public-key-sha3-384=${brandChain[1]!.text('public-key-sha3-384')}; echo; snap known --remote model ${words}) > acme.assert && snap ack acme.assert`,
    );
    expect(await device.must(`snap known model ${words}`)).toContain(`brand-id: ${BRAND}\n`);
  });

  it('come with a snap that is downloaded, and prove it where there is no store', async () => {
    await device.must('snap download jq');
    const stream = await decodeAssertionStream(await readFile(join(device.folder, 'jq_6.assert')));
    expect(stream.map(({ type }) => type.name)).toEqual(['account-key', 'snap-declaration', 'snap-revision']);
    const alone = await lab.device({ storeUrl: 'http://127.0.0.1:1' });
    await alone.must(`snap ack ${join(device.folder, 'jq_6.assert')}`);
    expect(await alone.must(`snap known snap-declaration snap-name=jq`)).toContain(`snap-id: ${snapIdOf('jq')}\n`);
  });

  it.runIf(isNewerClient)('come from where UBUNTU_STORE_URL says, too', async () => {
    const elsewhere = await lab.device({ storeUrl: null, settings: { UBUNTU_STORE_URL: lab.store.url } });
    await elsewhere.must('snap download jq');
    expect(await decodeAssertionStream(await readFile(join(elsewhere.folder, 'jq_6.assert')))).toHaveLength(3);
  });

  it('of a validation set follow their sequence: snap validate --monitor, --enforce', async () => {
    await device.must('snap install jq');
    await device.must(`snap validate --monitor ${BRAND}/classroom`);
    expect(await device.must('snap validate')).toMatch(new RegExp(`^${BRAND}/classroom +monitor +1 +valid`, 'm'));
    await lab.store.must('assertions', 'push', await file('next.assert', set(2, '7')));
    await device.must(`snap validate --monitor ${BRAND}/classroom`);
    expect(await device.must('snap validate')).toMatch(new RegExp(`^${BRAND}/classroom +monitor +2 +invalid`, 'm'));
    await device.must(`snap validate --enforce ${BRAND}/classroom=1`);
    expect(await device.must('snap validate')).toMatch(new RegExp(`^${BRAND}/classroom=1 +enforce +\\d +valid`, 'm'));
    await device.must(`snap validate --forget ${BRAND}/classroom`);
    const missing = await device.run(`snap validate --monitor ${BRAND}/nosuch`);
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining('not found')]);
  });

  describe.runIf(hasRepairs)('repairs', () => {
    let repairs: Signer;

    const repair = (id: number, headers: HeaderMap = {}): Assertion =>
      repairs.sign(
        'repair',
        { 'brand-id': ROOT, 'repair-id': String(id), summary: `repair ${id}`, ...headers },
        REPAIR_SCRIPT,
      );
    /** As on Ubuntu Core, which is where snap-repair works at all. */
    const runRepairs = (): Promise<string> =>
      device.must(
        [
          `printf 'ID=ubuntu-core\\nVERSION_ID="22"\\n' > os-release`,
          `printf 'mode=run\\nmodel=${BRAND}/box\\nbase=core22_1.snap\\n' > /var/lib/snapd/modeenv`,
          `unshare --mount sh -c 'mount --bind os-release /etc/os-release && SNAPPY_FORCE_SAS_URL=${lab.store.url}/v2/ snap-repair run'`,
          'rm /var/lib/snapd/modeenv',
          'ls /var/lib/snapd/repair/run/*/*/*.done',
        ].join(' && '),
      );

    beforeAll(async () => {
      // snapd's source has it in an armor that lacks a word.
      const found = await readFile(repairClient.secretKey, 'utf8');
      const armored = found.replaceAll('PRIVATE KEY-----', 'PRIVATE KEY BLOCK-----');
      repairs = new Signer(ROOT, SigningKey.fromArmored(armored));
      const path = join(lab.folder, 'repair-root.assert');
      await copyFile(repairClient.accountKey, path);
      await chmod(path, 0o644);
      await lab.store.must('config', `proxy.trust.repair-roots=${path}`);
      const others = repair(2, { models: ['somebody/else'] });
      await lab.store.must('assertions', 'push', await file('repairs.assert', repair(1), others, repair(3)));
    });

    it('are fetched, proven and run by snap-repair, in their sequence, where they concern the device', async () => {
      const done = (await runRepairs()).trim().split('\n');
      expect(done).toEqual([1, 3].map((id) => `/var/lib/snapd/repair/run/${ROOT}/${id}/r0.done`));
      expect(await device.must(`cat ${done[0] ?? ''}`)).toContain('summary: repair 1\noutput:\nmended by repair\n');
    });

    it('that come later are run the next time, and no other again', async () => {
      await lab.store.must('assertions', 'push', await file('later.assert', repair(4)));
      expect((await runRepairs()).trim().split('\n')).toHaveLength(3);
    });
  });
});
