import { generateKeyPairSync } from 'node:crypto';

import { signAssertion, SigningKey } from '../../src/formats/assertion/index.js';
import { type SignedSnap, type TestAuthority, testSnapId } from '../support/test-authority.js';
import type { World } from './kinds/kind.js';
import type { FuzzTarget } from './target.js';
import { CLOSED, encodeRequest, type Wire } from './wire.js';

/** As many sessions can be granted in a run. */
const NONCES = 40;

const held = new WeakMap<TestAuthority, readonly SignedSnap[]>();

/** Two revisions of a snap, one for another architecture, and one on a far side of an epoch. */
export function worldSnaps(authority: TestAuthority): readonly SignedSnap[] {
  const jq = { name: 'jq', snapId: testSnapId('jq') };
  const yaml = (name: string, more: string): string =>
    [
      `name: ${name}`,
      'version: "1"',
      `summary: The ${name}`,
      'description: of the tests',
      'base: core22',
      more,
      '',
    ].join('\n');
  const snaps = [
    authority.snap({ ...jq, revision: 2 }),
    authority.snap({ ...jq, revision: 3 }),
    authority.snap({
      name: 'arm',
      snapId: testSnapId('arm'),
      revision: 1,
      snapYaml: yaml('arm', 'architectures: [arm64]'),
    }),
    authority.snap({ name: 'far', snapId: testSnapId('far'), revision: 1, snapYaml: yaml('far', 'epoch: 7') }),
  ];
  held.set(authority, snaps);
  return snaps;
}

/** What a device of the authority's own brand has, with nonces that the store gave out. */
export async function makeWorld({ authority }: FuzzTarget, wire: Wire): Promise<World> {
  const device = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const brand = { 'brand-id': authority.id, model: 'lab' };
  const model = authority.sign('model', { series: '16', ...brand, classic: 'true' });
  const deviceKey = { 'device-key': device.publicKey.encode(), 'device-key-sha3-384': device.id };
  const serial = authority.sign('serial', { ...brand, serial: 'fuzz-1', ...deviceKey });
  const bySelf = (type: string, headers: Readonly<Record<string, string>>): string =>
    signAssertion({ type, headers, key: device, signedAt: new Date() }).encoded.toString();
  const nonces: string[] = [];
  while (nonces.length < NONCES) nonces.push(await nonceFrom(wire));
  return {
    snaps: held.get(authority) ?? [],
    sessions: nonces.map((nonce) => ({
      'device-session-request': bySelf('device-session-request', {
        ...brand,
        serial: 'fuzz-1',
        nonce,
        timestamp: new Date().toISOString(),
      }),
      'serial-assertion': serial.encoded.toString(),
      'model-assertion': model.encoded.toString(),
    })),
    registrations: ['REQUEST-1', 'REQUEST-2'].map(
      (id) =>
        `${bySelf('serial-request', { ...brand, 'request-id': id, 'device-key': deviceKey['device-key'] })}\n${model.encoded.toString()}`,
    ),
  };
}

async function nonceFrom(wire: Wire): Promise<string> {
  const request = { method: 'POST', path: '/api/v1/snaps/auth/nonces', headers: [], body: Buffer.alloc(0) };
  const answer = await wire.ask(encodeRequest(request), { method: 'POST', deadlineMs: 10_000 });
  if (answer === CLOSED) throw new Error('the store gives no nonce');
  return (JSON.parse(answer.body.toString()) as { nonce: string }).nonce;
}
