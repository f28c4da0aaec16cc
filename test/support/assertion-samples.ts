import { createHash, generateKeyPairSync } from 'node:crypto';

import { type Assertion, type HeaderMap, signAssertion, SigningKey } from '../../src/formats/assertion/index.js';
import { RsaPublicKey } from '../../src/formats/openpgp/index.js';
import { SIGNED_AT } from './authority.js';

export const SNAP_ID = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
export const DIGEST = Buffer.alloc(48, 7).toString('base64url');
export const AT = SIGNED_AT.toISOString();
export const PLAIN_SCHEMA = '{\n  "storage": {\n    "schema": {\n      "a": "string"\n    }\n  }\n}';

export const key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const deviceKey = RsaPublicKey.fromKeyObject(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
const hardwareKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

interface Sample {
  readonly headers: HeaderMap;
  readonly body?: string;
}

/** One good assertion of each type; `authority` signs where there is an authority. */
export function samples(): Record<string, Sample> {
  const account = 'authority';
  const withAuthority: Record<string, Sample> = {
    account: { headers: { 'account-id': 'x', 'display-name': 'X', validation: 'unproven', timestamp: AT } },
    'account-key': {
      headers: { 'account-id': 'x', name: 'k', since: AT, 'public-key-sha3-384': deviceKey.id },
      body: deviceKey.encode(),
    },
    'base-declaration': { headers: { format: '0', series: '16', timestamp: AT } },
    cluster: {
      headers: {
        'cluster-id': 'c',
        sequence: '1',
        devices: [{ id: '1', device: 'se.rial.model.brand', addresses: ['10.0.0.1'] }],
        subclusters: [
          { name: 'a', devices: ['1'], snaps: [{ state: 'clustered', instance: 'jq_a', channel: '2/stable' }] },
        ],
      },
    },
    'confdb-schema': {
      headers: {
        'account-id': account,
        name: 'network',
        views: { wifi: { rules: [{ storage: 'a' }] } },
        timestamp: AT,
      },
      body: PLAIN_SCHEMA,
    },
    'hardware-identity': {
      headers: {
        'issuer-id': account,
        manufacturer: 'm',
        'hardware-name': 'h',
        'hardware-id': '1',
        'hardware-id-key': hardwareKey,
        'hardware-id-key-sha3-384': 'computed',
      },
    },
    model: {
      headers: {
        series: '16',
        'brand-id': account,
        model: 'm',
        architecture: 'amd64',
        gadget: 'pc=22',
        kernel: 'pc-kernel',
        timestamp: AT,
      },
    },
    preseed: {
      headers: {
        series: '16',
        'brand-id': account,
        model: 'm',
        'system-label': '2026',
        snaps: [{ name: 'jq', id: SNAP_ID, revision: '1' }, { name: 'local' }],
        'artifact-sha3-384': DIGEST,
        timestamp: AT,
      },
    },
    repair: { headers: { 'brand-id': account, 'repair-id': '1', summary: 's', timestamp: AT }, body: '#!/bin/sh\n' },
    'request-message': {
      headers: {
        'account-id': 'x1',
        'message-id': 'abcd-1',
        'message-kind': 'confdb',
        devices: ['1.model.brand'],
        'valid-since': AT,
        'valid-until': AT,
        timestamp: AT,
      },
      body: 'x',
    },
    serial: {
      headers: {
        'brand-id': account,
        model: 'm',
        serial: '1',
        'device-key': deviceKey.encode(),
        'device-key-sha3-384': deviceKey.id,
        timestamp: AT,
      },
    },
    'snap-build': {
      headers: { 'snap-sha3-384': DIGEST, 'snap-id': SNAP_ID, grade: 'stable', 'snap-size': '1', timestamp: AT },
    },
    'snap-declaration': {
      headers: {
        format: '6',
        series: '16',
        'snap-id': SNAP_ID,
        'snap-name': 'jq',
        'publisher-id': 'x',
        aliases: [{ name: 'j.q', target: 'jq' }],
        'refresh-control': [SNAP_ID],
        plugs: {
          home: 'true',
          network: { 'allow-connection': 'false' },
          content: {
            'allow-installation': { 'plug-attributes': { content: '/run/.*' } },
            'allow-auto-connection': [
              { 'slot-publisher-id': ['$PLUG_PUBLISHER_ID'], 'slots-per-plug': '*', 'on-classic': ['ubuntu'] },
              {
                'slot-names': ['$INTERFACE', 'a.*'],
                'slot-attributes': { x: '$PLUG(y)', z: ['a', '$PLUG_PUBLISHER_ID'] },
                'on-store': ['s'],
              },
            ],
          },
        },
        'revision-authority': [{ 'account-id': 'brand', provenance: ['p'], 'on-model': ['brand/m'] }],
        timestamp: AT,
      },
    },
    'snap-developer': {
      headers: { 'snap-id': SNAP_ID, 'publisher-id': 'x', developers: [{ 'developer-id': 'dev', since: AT }] },
    },
    'snap-resource-pair': {
      headers: {
        'snap-id': SNAP_ID,
        'resource-name': 'res',
        'resource-revision': '1',
        'snap-revision': '2',
        'developer-id': 'x',
        timestamp: AT,
      },
    },
    'snap-resource-revision': {
      headers: {
        'snap-id': SNAP_ID,
        'resource-name': 'res',
        'resource-sha3-384': DIGEST,
        'resource-size': '1',
        'resource-revision': '1',
        'developer-id': 'x',
        timestamp: AT,
      },
    },
    'snap-revision': {
      headers: {
        'snap-sha3-384': DIGEST,
        'snap-id': SNAP_ID,
        'snap-size': '18446744073709551615',
        'snap-revision': '1',
        'developer-id': 'x',
        integrity: [
          {
            type: 'dm-verity',
            version: '1',
            'hash-algorithm': 'sha256',
            'data-block-size': '4096',
            'hash-block-size': '4096',
            digest: 'a'.repeat(64),
            salt: 'b'.repeat(64),
          },
        ],
        timestamp: AT,
      },
    },
    store: {
      headers: {
        store: 's',
        'operator-id': 'x',
        url: 'https://store.example/api',
        'friendly-stores': ['t'],
        timestamp: AT,
      },
    },
    'system-user': {
      headers: {
        format: '2',
        'brand-id': account,
        email: 'a@b.c',
        models: ['m'],
        serials: ['1'],
        'user-presence': 'until-expiration',
        username: 'u',
        password: '$6$rounds=5000$salt$hash',
        'force-password-change': 'true',
        since: AT,
        until: AT,
      },
    },
    validation: {
      headers: {
        series: '16',
        'snap-id': SNAP_ID,
        'approved-snap-id': SNAP_ID,
        'approved-snap-revision': '1',
        revoked: 'false',
        timestamp: AT,
      },
    },
    'validation-set': {
      headers: {
        series: '16',
        'account-id': account,
        name: 'set',
        sequence: '2',
        snaps: [
          {
            name: 'jq',
            id: SNAP_ID,
            presence: 'optional',
            revision: '3',
            components: { comp: 'required', other: { presence: 'optional', revision: '1' } },
          },
        ],
        timestamp: AT,
      },
    },
  };
  const withoutAuthority: Record<string, Sample> = {
    'account-key-request': {
      headers: { 'account-id': 'x', name: 'k', since: AT, 'public-key-sha3-384': deviceKey.id },
      body: deviceKey.encode(),
    },
    'confdb-control': {
      headers: {
        'brand-id': account,
        model: 'm',
        serial: '1',
        groups: [{ operators: ['op'], authentications: ['store'], views: ['acc/network/wifi'] }],
      },
    },
    'device-session-request': { headers: { 'brand-id': account, model: 'm', serial: '1', nonce: 'n', timestamp: AT } },
    'response-message': {
      headers: { 'account-id': 'x1', 'message-id': 'abcd', device: '1.model.brand', status: 'success', timestamp: AT },
    },
    'serial-request': {
      headers: { 'brand-id': account, model: 'm', 'request-id': 'r', 'device-key': key.publicKey.encode() },
    },
  };
  const own = { 'authority-id': account };
  const signed = Object.entries(withAuthority).map(
    ([type, { headers, ...rest }]) => [type, { headers: { ...own, ...headers }, ...rest }] as const,
  );
  return { ...Object.fromEntries(signed), ...withoutAuthority };
}

/** The sample of a type with some headers changed; undefined takes one away. */
export function make(type: string, change: HeaderMap = {}, body?: string): Assertion {
  const sample = samples()[type];
  if (sample === undefined) throw new Error(`no sample of ${type}`);
  const headers: Record<string, HeaderMap[string]> = { ...sample.headers, ...change };
  const digested = headers['hardware-id-key'];
  if (headers['hardware-id-key-sha3-384'] === 'computed' && typeof digested === 'string') {
    headers['hardware-id-key-sha3-384'] = digestOf(digested);
  }
  const text = body ?? sample.body;
  return signAssertion({ type, headers, key, signedAt: SIGNED_AT, ...(text !== undefined && { body: text }) });
}

function digestOf(text: string): string {
  return createHash('sha3-384').update(text).digest('base64url');
}
