import { createPublicKey } from 'node:crypto';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ManifestSigner } from '../../../src/formats/bundle/index.js';
import { newSigner, packBundle, testBundle } from '../../support/bundles.js';
import { testSnapId } from '../../support/test-authority.js';
import { Scene, until } from './scene.js';

const ID = '11111111-2222-4333-8444-555555555555';

describe('bundles, by the command line', () => {
  const signer = newSigner();
  let scene: Scene;
  let bundle: string;
  let roots: string;

  beforeAll(async () => {
    scene = await Scene.open();
    roots = join(scene.folder, 'roots.assert');
    bundle = await scene.write('jq.tar.gz', await packed(6, signer, ID));
  });

  afterAll(() => scene.close());

  async function packed(revision: number, by: ManifestSigner | null, id?: string): Promise<Buffer> {
    const jq = scene.signed('jq', revision);
    const snap = {
      name: 'jq',
      snapId: testSnapId('jq'),
      revisions: [
        { revision, content: jq.content, version: `${revision}.0`, channels: ['latest/stable', 'latest/edge'] },
      ],
    };
    const assertions = [{ name: 'all', bytes: jq.stream }];
    return packBundle(
      testBundle({
        snaps: [snap],
        assertions,
        ...(id === undefined ? {} : { id }),
        ...(by === null ? {} : { signer: by }),
      }),
    );
  }

  it('are looked into without a store', async () => {
    const { stdout } = await scene.run(['bundle', 'inspect', bundle]);
    expect(stdout).toMatch(/jq\.tar\.gz: snap bundle, 1 snap, 3 assertions\n/);
    expect(stdout).toContain(`  id ${ID}, format 1, made 2026-01-02T03:04:05Z by snap-store-proxy 0.0.0-test\n`);
    expect(stdout).toContain(`  signed by ${signer.keyId}\n`);
    expect(stdout).toContain('    revision 6: 6.0, amd64, 16.0 KiB\n    latest/edge amd64 6 (fetched)\n');
    expect(await scene.json('bundle', 'inspect', bundle)).toMatchObject({
      files: [{ kind: 'bundle', bundle: { id: ID, assumes: [] }, snaps: [{ name: 'jq', reasons: ['requested'] }] }],
    });
  });

  it('are verified to the last byte without a store', async () => {
    const { exitCode, stdout } = await scene.run(['bundle', 'verify', '--extra-root', roots, bundle]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^OK snaps\/jqx+_6\.snap\n.*jq\.tar\.gz: signed by .*; 4 OK, 0 refused$/m);
    const bytes = await readFile(bundle);
    // Stored, not compressed: a byte in the middle of the snap.
    const at = bytes.lastIndexOf('#!/bin/sh');
    const damaged = await scene.write(
      'damaged.tar.gz',
      Buffer.concat([bytes.subarray(0, at), Buffer.from('!'), bytes.subarray(at + 1)]),
    );
    const refused = await scene.run(['bundle', 'verify', '--extra-root', roots, damaged]);
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toMatch(/damaged\.tar\.gz: .*\(bundle-damaged\)\n$/m);
    const truncated = await scene.write('truncated.tar.gz', bytes.subarray(0, bytes.length / 2));
    expect((await scene.run(['push-snap', truncated])).exitCode).toBe(3);
  });

  it('are accepted from known signers only, and say so again when pushed again', async () => {
    const refused = await scene.run(['push-snap', bundle]);
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toMatch(/\(signer-unknown\)\nhint: .*signers add/);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: signer.publicKey.toString('base64url') };
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    await scene.must('signers', 'add', await scene.write('laptop.pem', pem.toString()));
    expect(await scene.json('push-snap', bundle)).toMatchObject({
      files: [{ report: { kind: 'bundle', bundleId: ID, signature: { state: 'known-signer', signer: signer.keyId } } }],
    });
    const again = await scene.run(['push-snap', bundle]);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toMatch(/already imported; nothing to change\n$/);
  });

  it('replace the whole channel map when they are asked to, and by policy must be signed', async () => {
    await scene.must('release', 'jq', '6', 'candidate');
    const next = await scene.write('next.tar.gz', await packed(7, null));
    const { stdout } = await scene.run(['push-snap', '--push-channel-map', next]);
    expect(stdout).toContain('[snap jq] latest/candidate amd64: 6 -> closed\n');
    expect(stdout).toContain('[snap jq] Channelmaps were successfully updated.\n');
    await scene.must('config', 'proxy.policy.required-signers=any');
    const unsigned = await scene.run(['push-snap', await scene.write('unsigned.tar.gz', await packed(8, null))]);
    expect(unsigned).toMatchObject({ exitCode: 4, stdout: '' });
    expect(unsigned.stderr).toContain('(signature-required)');
    await scene.must('config', 'proxy.policy.required-signers=');
    expect(await scene.run(['push-snap', '--push-channel-map', await scene.pair('jq', 9)])).toMatchObject({
      exitCode: 2,
    });
  });

  it('are taken from the watched folder by a running store, in its workers too', async () => {
    const incoming = join(scene.folder, 'incoming');
    await mkdir(incoming);
    const server = await scene.startServer(['--workers', '2']);
    await scene.must('config', `proxy.import.watch=${incoming}`);
    expect(await scene.must('status')).toMatch(/^ {2}import-watch: running$/m);
    await scene.write('incoming/ten.tar.gz', await packed(10, null));
    const report = join(incoming, 'done', 'ten.tar.gz.report.json');
    await until(() =>
      access(report).then(
        () => true,
        () => false,
      ),
    );
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ report: { revisions: [{ revision: 10 }] } });
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
  });
});
