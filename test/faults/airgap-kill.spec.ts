import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseConnectionUri } from '../../src/platform/database/connection.js';
import { readModeFile } from '../../src/platform/egress/index.js';
import { Scene } from '../e2e/cli/scene.js';

const KILLS = 8;
const PASSWORD = 'correct horse';

describe('enable-airgap-mode, killed', () => {
  let scene: Scene;
  let client: pg.Client;

  beforeAll(async () => {
    scene = await Scene.open();
    await scene.must('config', 'proxy.domain=127.0.0.1');
    await scene.must('generate-keys');
    await scene.must('register', '--self-issued');
    const { ssl: _, ...connection } = parseConnectionUri(scene.uri);
    client = new pg.Client(connection);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await scene.close();
  });

  async function reset(): Promise<void> {
    await client.query('TRUNCATE snap_store.airgap_event, snap_store.access_password');
    await client.query(`DELETE FROM snap_store.setting WHERE key = 'proxy.device-auth.secret'`);
    await rm(join(scene.dataDir, 'airgap.json'), { force: true });
  }

  /** `event password secret`. */
  async function held(): Promise<string> {
    const { rows } = await client.query<{ held: string }>(`
      SELECT concat_ws(' ', (SELECT count(*) FROM snap_store.airgap_event), (SELECT count(*) FROM snap_store.access_password),
        (SELECT count(*) FROM snap_store.setting WHERE key = 'proxy.device-auth.secret')) AS held`);
    return rows[0]!.held;
  }

  it(`${KILLS} times at different moments is all of it or nothing, and the next start knows which`, async () => {
    await reset();
    const started = performance.now();
    await scene.must('enable-airgap-mode', '--password', PASSWORD);
    const takesMs = performance.now() - started;
    const outcomes = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      await reset();
      const child = scene.start(['enable-airgap-mode', '--password', PASSWORD]);
      const ended = once(child, 'close');
      // Its end is where things happen.
      await sleep(takesMs * (0.55 + (0.5 * kill) / KILLS));
      child.kill('SIGKILL');
      await ended;
      const found = await held();
      outcomes.add(found);
      expect(['0 0 0', '1 1 1']).toContain(found);
      const isOn = found === '1 1 1';
      // The file follows the database, never the other way round.
      if (!isOn) expect(readModeFile(scene.dataDir).isOn).toBe(false);
      expect(await scene.json('status')).toMatchObject({ isAirGapped: isOn });
      expect(readModeFile(scene.dataDir).isOn).toBe(isOn);
    }
    console.log(`killed ${KILLS} times: ${[...outcomes].join(', ')}`);
    const again = await scene.must('enable-airgap-mode', '--password', PASSWORD);
    expect(again).toMatch(/^The store is in air-gapped mode/);
  });
});
