import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type HeaderMap, signAssertion, SigningKey } from '../../src/formats/assertion/index.js';
import { testRoot } from './support/client.js';
import type { Device } from './support/device.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';

const ACCOUNT = 'testrootorg';

/** Each test has a snap of its own, so that one store and one device serve them all. */
describe('what a device holds a snap to, and what the store does about it', () => {
  let lab: Lab;
  let device: Device;
  let key: SigningKey;

  beforeAll(async () => {
    lab = await Lab.open();
    key = SigningKey.fromArmored(await readFile(testRoot.rootSecretKey, 'utf8'));
    const names = ['jq', 'grouped', 'branched', 'tracked', 'revoked', 'pinned', 'unwanted'];
    const first = await Promise.all(names.map((name) => lab.snaps.make(name, 1)));
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()), ...first);
    device = await lab.device();
    await device.must('snap install jq');
  });

  afterAll(() => lab.close());

  const words = async (command: string): Promise<string> => {
    const { stdout, stderr } = await device.run(command);
    return `${stdout} ${stderr}`.replace(/\s+/g, ' ').trim();
  };
  const at = async (name: string): Promise<string | undefined> => (await device.installed())[name]?.revision;
  /** Has the store hold an assertion that the test root signed. */
  const pushSigned = async (type: string, headers: HeaderMap): Promise<void> => {
    const assertion = signAssertion({
      type,
      headers: { 'authority-id': ACCOUNT, timestamp: '2026-01-01T00:00:00Z', ...headers },
      key,
      signedAt: new Date(),
    });
    const file = join(lab.folder, 'signed.assert');
    await writeFile(file, assertion.encoded);
    await lab.store.must('assertions', 'push', file);
  };
  const pushSet = (name: string, sequence: number, ...snaps: HeaderMap[]): Promise<void> =>
    pushSigned('validation-set', { series: '16', 'account-id': ACCOUNT, name, sequence: String(sequence), snaps });
  const entry = (name: string, fields: HeaderMap): HeaderMap => ({ name, id: snapIdOf(name), ...fields });

  it('a cohort: snap create-cohort, install and refresh with it, and leaving it', async () => {
    const created = await device.must('snap create-cohort grouped');
    const cohort = /cohort-key: (\S+)/.exec(created)?.[1] ?? '';
    expect(cohort).toMatch(/^cohort1\./);
    await lab.store.must('push-snap', await lab.snaps.make('grouped', 2));
    await device.must(`snap install grouped --cohort=${cohort}`);
    expect((await device.installed()).grouped).toMatchObject({ revision: '1', notes: 'in-cohort' });
    expect(await words('snap refresh grouped')).toBe('snap "grouped" has no updates available');
    await device.must('snap refresh grouped --leave-cohort');
    expect((await device.installed()).grouped).toMatchObject({ revision: '2', notes: '-' });
    await device.must(`snap refresh grouped --cohort=${cohort}`);
    expect((await device.installed()).grouped).toMatchObject({ revision: '1', notes: 'in-cohort' });
    expect(await lab.store.must('cohorts', 'show', cohort)).toContain('in force');

    expect(await words('snap create-cohort nobody-has-this')).toContain('snap not found');
    expect(await words(`snap refresh jq --cohort=${cohort}`)).toContain(
      'this store has not made that cohort key for snap jq',
    );
    await lab.store.must('cohorts', 'end', 'grouped');
    expect(await words('snap refresh grouped')).toContain('snap refresh --leave-cohort grouped');
    expect(await at('grouped')).toBe('1');
    expect(await words('snap refresh')).toContain('All snaps up to date.');
  });

  it('a branch, as long as it is open', async () => {
    await lab.store.must('push-snap', '--channel', 'latest/stable/fix-1', await lab.snaps.make('branched', 2));
    await device.must('snap install branched --channel=latest/stable/fix-1');
    expect(await at('branched')).toBe('2');
    const info = await device.must('snap info branched');
    expect(info).toMatch(/^tracking: +latest\/stable\/fix-1$/m);
    expect(info).toMatch(/latest\/stable: +1\.0 /);
    await lab.store.must('close', 'branched', 'latest/stable/fix-1');
    await device.must('snap refresh branched');
    expect(await at('branched')).toBe('1');
    expect(await device.must('snap info branched')).toMatch(/^tracking: +latest\/stable\/fix-1$/m);
  });

  it('the default track that an operator chose', async () => {
    await lab.store.must('push-snap', '--channel', '2.0/stable', await lab.snaps.make('tracked', 2));
    expect(await lab.store.must('default-track', 'tracked', '2.0')).toBe('tracked: 2.0 (chosen by hand)\n');
    await device.must('snap install tracked');
    expect((await device.installed()).tracked).toMatchObject({ revision: '2', tracking: '2.0/stable' });
    await device.must('snap remove --purge tracked');
    await device.must('snap install tracked --channel=latest/stable');
    expect((await device.installed()).tracked).toMatchObject({ revision: '1', tracking: 'latest/stable' });
  });

  it('a snap that its authority took back: it is not there any more, and stays where it is installed', async () => {
    await device.must('snap install revoked');
    await lab.store.must('push-snap', await lab.snaps.make('revoked', 2));
    await pushSigned('snap-declaration', {
      series: '16',
      'snap-id': snapIdOf('revoked'),
      'snap-name': '',
      'publisher-id': ACCOUNT,
      revision: '9',
    });
    expect(await words('snap info --verbose revoked')).not.toContain('latest/stable:');
    await device.run('snap refresh revoked');
    await device.run('snap refresh');
    expect(await at('revoked')).toBe('1');
    await device.must('snap remove --purge revoked');
    expect(await words('snap install revoked')).toBe('error: snap "revoked" not found');
  });

  it('a validation set: watched, and then enforced in what refreshes and installs bring', async () => {
    await device.must('snap install pinned');
    await pushSet('watched', 1, entry('pinned', { revision: '2' }));
    await device.must(`snap validate --monitor ${ACCOUNT}/watched`);
    expect(await device.must('snap validate')).toMatch(/testrootorg\/watched +monitor +1 +invalid/);

    await pushSet(
      'enforced',
      1,
      entry('pinned', { presence: 'required', revision: '1' }),
      entry('unwanted', { presence: 'invalid' }),
    );
    await device.must(`snap validate --enforce ${ACCOUNT}/enforced=1`);
    await lab.store.must('push-snap', await lab.snaps.make('pinned', 2));
    await device.run('snap refresh pinned');
    expect(await words('snap refresh')).toContain('All snaps up to date.');
    expect(await at('pinned')).toBe('1');
    expect(await words('snap install unwanted')).toContain('validation set');
    expect(await device.installed()).not.toHaveProperty('unwanted');
    await device.must('snap refresh pinned --ignore-validation');
    expect(await at('pinned')).toBe('2');
  });
});
