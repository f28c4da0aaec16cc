import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AssertionService } from '../../../src/modules/assertions/index.js';
import { RestrictionService } from '../../../src/modules/devices/index.js';
import { runCommand, type CommandOutcome } from '../../support/run-command.js';
import { TestBrand } from '../../support/brand.js';
import { RunningStore, WAYS } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';
import { newTestKey, TestDevice } from '../../support/test-device.js';

const v2 = (token: string | null): Record<string, string> =>
  token === null ? {} : { 'snap-device-authorization': `Macaroon root="${token}"` };
const jqPath = `/api/v1/snaps/download/${testSnapId('jq')}_6.snap`;

async function sessionOf(store: RunningStore, device: TestDevice): Promise<string> {
  const post = (path: string, body = '') => store.ask(`/api/v1/snaps/auth/${path}`, { method: 'POST', body });
  const { nonce } = (await post('nonces')).json() as { nonce: string };
  const reply = await post('sessions', JSON.stringify(device.sessionRequest(nonce)));
  return (reply.json() as { macaroon: string }).macaroon;
}

describe.each(WAYS)('a snap that is kept for some devices, by the %s', (way) => {
  let store: RunningStore;
  let restrictions: RestrictionService;
  let till: string;
  let robot: string;
  let foreign: string;
  let unknown: string;

  beforeAll(async () => {
    store = await RunningStore.open(way);
    restrictions = store.operator.context.get(RestrictionService);
    const [acme, other] = [TestBrand.under(store.authority, 'acme'), TestBrand.under(store.authority, 'other')];
    const stranger = TestBrand.under(store.authority, 'stranger');
    await store.operator.context.get(AssertionService).add([...acme.assertions, ...other.assertions]);
    for (const name of ['jq', 'free']) {
      await store.push(store.authority.snap({ name, snapId: testSnapId(name), revision: 6 }));
    }
    till = await sessionOf(store, new TestDevice(acme, 'till', '1'));
    robot = await sessionOf(store, new TestDevice(acme, 'robot', '1'));
    foreign = await sessionOf(store, new TestDevice(other, 'till', '1'));
    unknown = await sessionOf(store, new TestDevice(stranger, 'till', '1'));
  });

  afterAll(() => store.close());

  /** What each of them is told of the snap: by information, install and refresh, and when it downloads. */
  async function seenBy(token: string | null, name = 'jq'): Promise<string> {
    const info = await store.ask(`/v2/snaps/info/${name}`, { headers: v2(token) });
    const snapId = testSnapId(name);
    const refreshed = await store.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers: { 'snap-device-architecture': 'amd64', ...v2(token) },
      body: JSON.stringify({
        context: [
          {
            'snap-id': snapId,
            'instance-key': 'r',
            revision: 1,
            'tracking-channel': 'latest/stable',
            epoch: { read: [0], write: [0] },
          },
        ],
        actions: [
          { action: 'install', 'instance-key': 'i', name, channel: 'stable' },
          { action: 'refresh', 'instance-key': 'r', 'snap-id': snapId },
        ],
      }),
    });
    const { results } = refreshed.json() as { results: { result: string; error?: { code: string } }[] };
    const download = await store.ask(`/api/v1/snaps/download/${snapId}_6.snap`, {
      headers: token === null ? {} : { 'x-device-authorization': `Macaroon root="${token}"` },
    });
    return [info.status, ...results.map(({ result, error }) => error?.code ?? result), download.status].join(' ');
  }

  const EVERYTHING = '200 install refresh 200';
  const NOTHING = '404 name-not-found id-not-found 404';
  const everybody = () => [till, robot, foreign, unknown, null] as const;
  const seen = async () => {
    const views: string[] = [];
    for (const token of everybody()) views.push(await seenBy(token));
    return views;
  };
  const settled = (expected: readonly string[]) => expect.poll(seen, { timeout: 10_000 }).toEqual(expected);

  it('is for everybody as long as nobody says otherwise', async () => {
    await settled([EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING]);
  });

  it('is there for the devices of its brand, and looks to all others as if it were not held', async () => {
    await restrictions.restrict('jq', { brandId: 'acme', model: null });
    await settled([EVERYTHING, EVERYTHING, NOTHING, NOTHING, NOTHING]);
    for (const token of everybody()) expect(await seenBy(token, 'free')).toBe(EVERYTHING);
  });

  it('is not among the names that everybody may know of', async () => {
    const names = (await store.ask('/api/v1/snaps/names')).body.toString();
    expect(names).toContain('"package_name":"free"');
    expect(names).not.toContain('"package_name":"jq"');
    const found = await store.ask('/v2/snaps/find?q=jq', { headers: { 'snap-device-architecture': 'amd64' } });
    expect([found.status, found.body.toString()]).toEqual([
      200,
      expect.not.stringContaining(testSnapId('jq')) as string,
    ]);
    const his = await store.ask('/v2/snaps/find?q=jq', {
      headers: { 'snap-device-architecture': 'amd64', ...v2(till) },
    });
    expect(his.body.toString()).toContain(testSnapId('jq'));
  });

  it('tells nobody by a HEAD what he may not have', async () => {
    expect((await store.ask(jqPath, { method: 'HEAD' })).status).toBe(404);
    expect((await store.ask(jqPath, { method: 'HEAD', headers: v2(till) })).status).toBe(200);
  });

  it('makes a device ask anew that comes with a session of another store', async () => {
    const { status, headers } = await store.ask('/v2/snaps/info/free', { headers: v2('AgEFc3RvcmU') });
    expect([status, headers['www-authenticate']]).toEqual([401, 'Macaroon refresh_device_session=1']);
  });

  it('is there for one model only where that is said, and for two audiences where two are', async () => {
    await restrictions.clear('jq');
    await restrictions.restrict('jq', { brandId: 'acme', model: 'till' });
    await settled([EVERYTHING, NOTHING, NOTHING, NOTHING, NOTHING]);
    await restrictions.restrict('jq', { brandId: 'other', model: null });
    await settled([EVERYTHING, NOTHING, EVERYTHING, NOTHING, NOTHING]);
    await restrictions.clear('jq', 'acme');
    await settled([NOTHING, NOTHING, EVERYTHING, NOTHING, NOTHING]);
  });

  it('is for everybody again once all of that is taken back', async () => {
    await restrictions.clear('jq');
    await settled([EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING]);
  });

  it('can be kept before it is pushed, and stays so when it is pushed again', async () => {
    const signed = store.authority.snap({ name: 'later', snapId: testSnapId('later'), revision: 6 });
    await store.operator.context.get(AssertionService).add(signed.assertions.slice(0, 2));
    await restrictions.restrict('later', { brandId: 'acme', model: null });
    await store.push(signed);
    await expect.poll(() => seenBy(null, 'later')).toBe(NOTHING);
    expect(await seenBy(till, 'later')).toBe(EVERYTHING);
  });
});

describe('what operators type', () => {
  let store: RunningStore;
  let device: TestDevice;
  const type = (...args: string[]): Promise<CommandOutcome> => runCommand(store.operator, args);

  beforeAll(async () => {
    store = await RunningStore.open();
    const acme = TestBrand.under(store.authority, 'acme');
    await store.operator.context.get(AssertionService).add(acme.assertions);
    await store.push(store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
    device = new TestDevice(acme, 'till', '0b5e', newTestKey());
    await sessionOf(store, device);
    await sessionOf(store, new TestDevice(acme, 'robot', '1'));
  });

  afterAll(() => store.close());

  it('lists the devices that have sessions', async () => {
    const { stdout } = await type('devices', 'list');
    expect(stdout).toMatch(
      /^Device +Last seen +Sessions +Notes\nacme\/robot\/1 +\d{4}-\d\d-\d\d \d\d:\d\d +1\nacme\/till\/0b5e /,
    );
    const listed = JSON.parse((await type('devices', 'list', '--model', 'till', '--format', 'json')).stdout) as object;
    expect(listed).toMatchObject({ count: 1, devices: [{ serial: '0b5e', keyId: device.key.id, revokedAt: null }] });
    const short = await type('devices', 'list', '--limit', '1');
    expect([short.stdout.split('\n').length, short.stderr]).toEqual([3, 'note: 1 device more; --limit shows them\n']);
  });

  it('shows one, revokes it and forgets it', async () => {
    expect((await type('devices', 'show', device.name)).stdout).toMatch(/^Serial signed by: acme$/m);
    expect(await type('devices', 'revoke', device.name)).toMatchObject({
      exitCode: 0,
      stdout: 'acme/till/0b5e is revoked\n',
    });
    const [first, again] = [await type('devices', 'show', device.name), await type('devices', 'revoke', device.name)];
    expect(first.stdout).toMatch(/^Revoked: \d{4}-/m);
    expect(again.exitCode).toBe(0);
    expect((await type('devices', 'show', device.name)).stdout).toBe(first.stdout);
    expect((await type('devices', 'list', '--revoked')).stdout).toMatch(/\nacme\/till\/0b5e .* revoked\n$/);
    expect(await type('devices', 'forget', device.name)).toMatchObject({
      exitCode: 0,
      stdout: 'acme/till/0b5e is forgotten\n',
    });
    expect(await type('devices', 'forget', device.name)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(device-not-known)') as string,
    });
  });

  it.each([
    [['devices', 'show', 'acme/till'], 2, /BRAND\/MODEL\/SERIAL.*\(invalid-device-name\)/],
    [['devices', 'revoke', 'acme/till/nobody'], 1, /no device acme\/till\/nobody has had a session/],
    [['restrict', 'jq'], 2, /--brand/],
    [['restrict', 'jq', '--brand', 'Not A Brand'], 2, /\(invalid-audience\)/],
    [['restrict', 'jq', '--brand', 'acme', '--model', 'a model'], 2, /\(invalid-audience\)/],
    [['restrict', 'nothing', '--brand', 'acme'], 1, /\(snap-not-held\)/],
    [['restrict', 'clear', 'jq'], 1, /\(snap-not-restricted\)/],
    [['restrict', 'clear', 'jq', '--model', 'till'], 2, /--model goes with --brand/],
  ])('is refused where it makes no sense: %j', async (args, exitCode, why) => {
    const outcome = await type(...args);
    expect([outcome.exitCode, outcome.stdout]).toEqual([exitCode, '']);
    expect(outcome.stderr).toMatch(why);
  });

  it('keeps a snap for some, lists that, and takes it back', async () => {
    expect((await type('restrict', 'jq', '--brand', 'acme')).stdout).toBe('jq is for devices of acme only\n');
    const both = await type('restrict', 'add', 'jq', '--brand', 'other', '--model', 'till');
    expect(both.stdout).toBe('jq is for devices of acme, other/till only\n');
    expect((await type('restrict', 'list')).stdout).toBe('Snap  Brand  Model\njq    acme   any\njq    other  till\n');
    expect((await type('restrict', 'clear', 'jq', '--brand', 'acme')).stdout).toBe(
      'jq is for devices of other/till only\n',
    );
    expect((await type('restrict', 'clear', 'jq')).stdout).toBe('jq is for every device\n');
    expect(JSON.parse((await type('restrict', 'list', '--format', 'json')).stdout)).toEqual({ snaps: [] });
  });
});
