import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { Xdelta3 } from '../../../src/modules/catalog/index.js';
import { StandIn } from '../../support/delta-program.js';
import { TypedCommands } from '../../support/typed-commands.js';
import { Scene, signed } from '../import/scene.js';

const scene = Scene.forAllTests();

describe('deltas, as an operator sees them', () => {
  let program: StandIn;
  let commands: TypedCommands;

  beforeAll(async () => {
    program = await StandIn.make();
    vi.spyOn(Xdelta3.prototype, 'find').mockImplementation(() => Promise.resolve(program.path));
    commands = await TypedCommands.at(scene.store);
    for (const revision of [1, 2, 3])
      await scene.import(await scene.pair(signed('jq', revision, { sizeBytes: 200_000 })));
    await scene.import(await scene.pair(signed('alone', 1)));
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    await program.close();
  });

  it('are made, listed and dropped', async () => {
    expect(await commands.must('deltas', 'list')).toBe('Snap  From  To  Size  Of  State  Since  Why\n');
    const { stdout, stderr } = await commands.run('deltas', 'make', 'jq');
    expect(stdout).toMatch(/^jq {4}2 {5}3 {3}[\d.]+ KiB {2}\d %\s+made {3}\d{4}-\d\d-\d\d$/m);
    expect(stderr).toContain('jq: making the delta from revision 2 to 3\n');
    expect(await commands.must('deltas', 'list')).toBe(stdout);
    await program.become('exit 1');
    expect(await commands.must('deltas', 'make', 'jq', '--from', '1', '--to', '2')).toContain(
      'xdelta3 ended with exit code 1',
    );
    expect(await commands.json('deltas', 'list', 'jq')).toMatchObject({
      deltas: [
        { name: 'jq', source: 2, target: 3, state: 'made', byHand: false, reason: null },
        { source: 1, target: 3, state: 'made' },
        { source: 1, target: 2, state: 'failed', byHand: true, sizeBytes: null, sha3_384: null },
      ],
    });
    expect(await commands.must('deltas', 'drop', 'jq', '--from', '1', '--to', '2')).toBe('removed 1 delta, 0 B\n');
    expect(await commands.must('deltas', 'drop', '--all')).toMatch(/^removed 2 deltas, [\d.]+ KiB\n$/);
    expect(await commands.json('deltas', 'list')).toEqual({ deltas: [] });
  });

  it('are none where there is nothing to make them of', async () => {
    expect(await commands.must('deltas', 'make', 'alone')).toBe(
      'alone has no older revision of one that is released\n',
    );
  });

  it.each([
    [['make', 'jq', '--from', '1'], 2, 'usage'],
    [['make', 'jq', '--from', '2', '--to', '2'], 2, 'usage'],
    [['drop'], 2, 'usage'],
    [['drop', 'jq', '--all'], 2, 'usage'],
    [['drop', '--all', '--from', '1', '--to', '2'], 2, 'usage'],
    [['drop', 'jq', '--from', '7', '--to', '8'], 1, 'delta-not-held'],
    [['list', 'yq'], 1, 'snap-not-held'],
    [['make', 'jq', '--from', '1', '--to', '9'], 1, 'revision-not-held'],
  ])('refuse %j', async (args, exitCode, code) => {
    const refused = await commands.run('deltas', ...args);
    expect([refused.exitCode, refused.stdout]).toEqual([exitCode, '']);
    expect(refused.stderr).toContain(`(${code})`);
  });

  it('cannot be made without the program, which doctor says too while they are wanted', async () => {
    const doctor = async (): Promise<string> => (await commands.run('doctor')).stdout;
    expect(await doctor()).toContain('OK deltas: off\n');
    await commands.must('config', 'proxy.deltas.enabled=true');
    expect(await doctor()).toContain(`OK deltas: ${program.path}\n`);
    vi.spyOn(Xdelta3.prototype, 'find').mockResolvedValue(null);
    expect(await doctor()).toContain('WARNING deltas: proxy.deltas.enabled is true, and there is no xdelta3 (/usr/bin');
    const { exitCode, stderr } = await commands.run('deltas', 'make', 'jq');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('(delta-program-missing)\nhint: install the package xdelta3');
  });

  it.each([
    ['proxy.deltas.enabled', 'yes'],
    ['proxy.deltas.revisions', '0'],
    ['proxy.deltas.revisions', '21'],
    ['proxy.deltas.max-share', '91'],
    ['proxy.deltas.max-share', '1.5'],
    ['proxy.deltas.max-snap-size', 'much'],
  ])('%s cannot be %s', async (key, value) => {
    expect((await commands.run('config', `${key}=${value}`)).exitCode).toBe(2);
  });
});
