import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { freePort, Scene } from './scene.js';

describe('the database, by the command line', () => {
  describe('where there is none yet', () => {
    let scene: Scene;

    beforeAll(async () => {
      scene = await Scene.untouched();
    });

    afterAll(() => scene.close());

    it('is not made by looking', async () => {
      const { exitCode, stdout } = await scene.run(['status']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^Store URL: http:\/\/localhost(:8080)?\nStore DB: not configured \(/);
      expect(stdout).toMatch(/\nStore ID: not registered\nSnaps: 0 \(0 revisions, 0 B\)\nInternal Service Status:\n/);
      expect((await scene.run(['config'])).exitCode).toBe(0);
      expect((await scene.run(['doctor'])).stdout).toMatch(/^WARNING database: the embedded one is not there yet/m);
      const connections = await scene.run(['check-connections']);
      expect(connections.exitCode).toBe(5);
      expect(connections.stdout).toMatch(/^database: embedded: FAILED \(/);
      expect(connections.stdout).toMatch(/\nNot all connections are accessible\n$/);
      await expect(promisify(execFile)('ls', [scene.dataDir])).rejects.toThrow('No such file');
    });

    it('is made for a setting that is kept there, used, and stopped again', async () => {
      expect(await scene.must('config', 'proxy.domain=snaps.internal')).toBe('proxy.domain: snaps.internal\n');
      expect(await scene.must('config', 'proxy.domain')).toBe('snaps.internal\n');
      expect((await scene.run(['config', '--export-yaml'])).stdout).toBe('proxy.domain: snaps.internal\n');
      const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
      expect(stdout.split('\n').filter((line) => line.includes(`${scene.dataDir}/database`))).toEqual([]);
      expect(await scene.must('migrate-database')).toBe('the database (embedded) is up to date\n');
    });
  });

  describe('where it cannot be reached', () => {
    let scene: Scene;

    beforeAll(async () => {
      scene = await Scene.untouched();
      const uri = `postgresql://store:s3cret@127.0.0.1:${await freePort()}/store`;
      const set = await scene.run(['config', `proxy.db.connection=${uri}`]);
      expect(set.exitCode).toBe(0);
    });

    afterAll(() => scene.close());

    it.each([
      [['list-pushed-snaps']],
      [['gc']],
      [['verify-store']],
      [['migrate-database']],
      [['config', 'proxy.domain=x']],
      [['serve', '--port', '0']],
    ])('%j ends with 5 and says what to look at, without the password', async (args) => {
      const { exitCode, stdout, stderr } = await scene.run(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
      expect(stderr).toMatch(
        /^error: the database at postgresql:\/\/127\.0\.0\.1:\d+\/store cannot be reached: .* \(database-unreachable\)\nhint: /m,
      );
      expect(stderr).not.toContain('s3cret');
    });

    it('is told by status, doctor and check-connections without failing to tell the rest', async () => {
      const status = await scene.run(['status']);
      expect(status.exitCode).toBe(5);
      expect(status.stdout).toMatch(
        /^Store URL: .*\nStore DB: error \(the database at .* cannot be reached, .*\)\nStore ID: not registered\nSnaps: unknown\n/,
      );
      expect((await scene.run(['doctor'])).stdout).toMatch(/^FAILED database: .* cannot be reached/m);
      expect((await scene.run(['check-connections'])).stdout).toMatch(
        /^database: postgresql:\/\/127.*: FAILED \(.*\)\nstorage: .*: /,
      );
    });
  });

  describe('when it moves', () => {
    let scene: Scene;
    let other: TestDatabase;

    beforeAll(async () => {
      [scene, other] = [await Scene.open(), await createTestDatabase()];
      await scene.must('push-snap', await scene.pair('jq', 6), await scene.pair('core22', 1));
      await scene.must('release', 'jq', '6', 'edge');
    });

    afterAll(async () => {
      await other.drop();
      await scene.close();
    });

    it('is not left behind: the new one is refused until it holds as much', async () => {
      const refused = await scene.run(['config', `proxy.db.connection=${other.uri}`]);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toMatch(
        /holds data, \d+ rows, .*\(database-holds-data\)\nhint: .*migrate-database --copy-to/,
      );
      expect(await scene.must('config', 'proxy.db.connection')).toBe(`${scene.uri}\n`);

      const before = await scene.json('channel-map', 'jq');
      expect(await scene.must('migrate-database', '--copy-to', other.uri)).toMatch(
        /^copied \d+ rows from .*; now use it: /,
      );
      await scene.must('config', `proxy.db.connection=${other.uri}`);
      expect(await scene.json('channel-map', 'jq')).toEqual(before);
      expect(await scene.json('verify-store')).toMatchObject({ isSound: true, revisions: { checked: 2 } });
      // Numbering goes on where it was.
      await scene.must('release', 'jq', '6', 'beta');
      await scene.must('push-snap', await scene.pair('jq', 7));
    });

    it('is not copied over another store, nor onto itself', async () => {
      expect((await scene.run(['migrate-database', '--copy-to', scene.uri])).stderr).toContain('(database-not-empty)');
      expect(await scene.run(['migrate-database', '--copy-to', other.uri])).toMatchObject({ exitCode: 2 });
    });
  });
});
