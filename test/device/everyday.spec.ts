import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Front } from './support/front.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';

/** What people and desktops do with snaps from day to day. Each test has a device of its own. */
describe('a device from day to day', () => {
  let lab: Lab;
  let front: Front;
  let device: Device;

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.store.must('push-snap', ...(await lab.snaps.essentials()));
    front = await Front.open(lab.store.url);
  });

  beforeEach(async () => {
    front.seen.length = 0;
    device = await lab.device({ storeUrl: front.url });
  });

  afterEach(() => lab.closeDevices());

  afterAll(async () => {
    await front.close();
    await lab.close();
  });

  /** Pushes what is left of a small app when its revisions have more to them. */
  async function push(name: string, revision: number, ...options: string[]): Promise<string> {
    const snap = await lab.snaps.make(name, revision);
    await lab.store.must('push-snap', ...options, snap);
    return snap;
  }

  /** What the daemon says to a program that asks it itself, as app centers do. */
  async function rest(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const data = body === undefined ? '' : `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
    const said = await device.must(
      `curl -s --unix-socket /run/snapd.socket -X ${method} ${data} http://localhost${path}`,
    );
    return JSON.parse(said) as Record<string, unknown>;
  }

  it('shows all that the store tells of a snap: snap info --verbose', async () => {
    const yaml = [
      'title: A processor of JSON',
      'license: MIT',
      'base: core22',
      'architectures: [amd64]',
      'apps: {told: {command: bin/told}}',
    ].join('\n');
    await lab.store.must('push-snap', await lab.snaps.make('told', 3, { yaml }));
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('told', 4, { yaml }));
    const before = await device.must('snap info --verbose told');
    expect(before).toMatch(/^name: +told$/m);
    expect(before).toMatch(/^summary: +The told of the tests$/m);
    expect(before).toMatch(/^publisher: +Testrootorg\*\*$/m);
    expect(before).toMatch(/^license: +MIT$/m);
    expect(before).toMatch(/^description: \|\n {2}A small snap\.$/m);
    expect(before).toMatch(/^ +confinement: +strict$/m);
    expect(before).toMatch(new RegExp(`^snap-id: +${snapIdOf('told')}$`, 'm'));
    expect(before).toMatch(/latest\/stable: +3\.0 \d{4}-\d\d-\d\d \(3\) +\d+kB -/);
    expect(before).toMatch(/latest\/candidate: +\^/);
    expect(before).toMatch(/latest\/edge: +4\.0 \d{4}-\d\d-\d\d \(4\) +\d+kB -/);
    await device.must('snap install told');
    const after = await device.must('snap info told');
    expect(after).toMatch(/^tracking: +latest\/stable$/m);
    expect(after).toMatch(/^installed: +3\.0 +\(3\) \d+kB -$/m);
  });

  it('goes back by itself, and does not take again what it went back from: snap revert', async () => {
    await push('back', 1);
    await device.must('snap install back');
    await push('back', 2);
    await device.must('snap refresh back');
    expect(await device.must('snap revert back')).toBe('back reverted to 1.0\n');
    expect((await device.run('snap refresh')).stderr).toBe('All snaps up to date.\n');
    await push('back', 3);
    expect(await device.must('snap refresh back')).toBe('back 3.0 from Testrootorg** refreshed\n');
  });

  it('gets several snaps in one request, and what one of them plugs into by default', async () => {
    const yaml = (name: string): string =>
      [
        'base: core22',
        'architectures: [amd64]',
        `apps: {${name}: {command: bin/${name}}}`,
        'plugs: {themes: {interface: content, target: $SNAP/themes, default-provider: provider}}',
      ].join('\n');
    await push('provider', 1);
    await lab.store.must('push-snap', await lab.snaps.make('plugging', 1, { yaml: yaml('plugging') }));
    await push('beside', 1);
    await device.must('snap install plugging beside');
    expect(Object.keys(await device.installed()).sort()).toEqual(['beside', 'core22', 'plugging', 'provider', 'snapd']);
  });

  it('is asked to agree to a snap that is not confined', async () => {
    const yaml = 'confinement: classic\narchitectures: [amd64]\nbase: core22\napps: {free: {command: bin/free}}';
    await lab.store.must('push-snap', await lab.snaps.make('free', 1, { yaml }));
    const { exitCode, stderr } = await device.run('snap install free');
    expect(exitCode).toBe(1);
    expect(stderr.replace(/\s+/g, ' ')).toContain('published using classic confinement');
    expect(await device.must('snap install free --classic')).toBe('free 1.0 from Testrootorg** installed\n');
  });

  it('gives commands the further names that the declaration lists', async () => {
    const declaration = { aliases: [{ name: 'short', target: 'named' }], format: '2' };
    await lab.store.must('push-snap', await lab.snaps.make('named', 1, { declaration }));
    await device.must('snap install named');
    expect(await device.must('snap aliases')).toMatch(/^named +short +-$/m);
  });

  it('hands out assertions to a command that asks without the daemon: snap known --remote --direct', async () => {
    await push('direct', 1);
    const said = await device.must(
      `snap known --remote --direct snap-declaration series=16 snap-id=${snapIdOf('direct')}`,
    );
    expect(said).toContain('snap-name: direct\n');
    expect(front.requestsFor(/^\/v2\/assertions\/snap-declaration\//)).toMatchObject([{ method: 'GET', status: 200 }]);
  });

  it('passes on a snap that a program asks the daemon for: POST /v2/download', async () => {
    const snap = await push('through', 1);
    await device.must(
      `curl -sf --unix-socket /run/snapd.socket -X POST -H 'Content-Type: application/json' ` +
        `-d '{"snap-name":"through"}' -o through.snap http://localhost/v2/download`,
    );
    expect((await readFile(`${device.folder}/through.snap`)).equals(await readFile(snap))).toBe(true);
  });

  it('tells a program that asks the daemon what a snap is: GET /v2/find?name=', async () => {
    await push('asked', 1);
    expect(await rest('GET', '/v2/find?name=asked')).toMatchObject({
      'status-code': 200,
      result: [
        { name: 'asked', id: snapIdOf('asked'), version: '1.0', channels: { 'latest/stable': { revision: '1' } } },
      ],
    });
    expect(await rest('GET', '/v2/find?name=nobody-has-this')).toMatchObject({
      'status-code': 404,
      result: { kind: 'snap-not-found' },
    });
  });
});
