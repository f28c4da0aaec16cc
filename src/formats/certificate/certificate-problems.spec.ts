import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { makeCertificate, type CertificatePlan } from '../../../test/support/certificates.js';
import { covers, namesOf, problemsOf } from './certificate-problems.js';
import { signatureAlgorithm } from './signature-algorithm.js';

const NOW = new Date('2026-06-15T12:00:00Z');
const inDays = (days: number): Date => new Date(NOW.getTime() + days * 24 * 60 * 60 * 1000);

async function certificate(plan: Partial<CertificatePlan> = {}): Promise<X509Certificate> {
  const whole = { name: 'store', dns: ['snaps.internal'], from: inDays(-1), to: inDays(90), ...plan };
  return new X509Certificate((await makeCertificate(whole)).pem);
}

const about = (list: readonly { kind: string; isFatal: boolean }[]) =>
  list.map(({ kind, isFatal }) => `${kind}${isFatal ? '!' : ''}`);

describe(problemsOf.name, () => {
  it('has nothing against a certificate in date for the right name', async () => {
    expect(problemsOf([await certificate()], { now: NOW, domain: 'snaps.internal' })).toEqual([]);
  });

  it.each<[string, Partial<CertificatePlan>, string[]]>([
    ['has expired', { to: inDays(-0.5) }, ['expired!']],
    ['is not valid yet', { from: inDays(1) }, ['not-yet-valid!']],
    ['expires within 30 days', { to: inDays(29.5) }, ['expires-soon']],
    ['expires in 30 days', { to: inDays(30) }, []],
    ['is for another name', { dns: ['other.internal'] }, ['names-do-not-fit!']],
    ['has its name in the subject alone', { name: 'snaps.internal', dns: [] }, ['names-do-not-fit!']],
    ['is for clients', { usages: ['1.3.6.1.5.5.7.3.2'] }, ['not-for-servers!']],
    ['is for servers too', { usages: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'] }, []],
    ['is for anything', { usages: ['2.5.29.37.0'] }, []],
  ])('says that a certificate %s', async (_what, plan, expected) => {
    expect(about(problemsOf([await certificate(plan)], { now: NOW, domain: 'snaps.internal' }))).toEqual(expected);
  });

  it('refuses one without names also where no domain is known', async () => {
    const [problem] = problemsOf([await certificate({ dns: [] })], { now: NOW, domain: null });
    expect(problem).toMatchObject({ kind: 'names-do-not-fit', isFatal: true });
  });

  it('counts the days that are left', async () => {
    const [problem] = problemsOf([await certificate({ to: inDays(1.5) })], { now: NOW, domain: null });
    expect(problem?.message).toBe('the certificate of "store" expires in 1 day, on 2026-06-17');
  });

  it('names what it is for where that is not the domain', async () => {
    const leaf = await certificate({ dns: ['a', 'b', 'c'], ip: ['10.0.0.1', '::1', '10.0.0.2'] });
    const [problem] = problemsOf([leaf], { now: NOW, domain: 'snaps.internal' });
    expect(problem?.message).toBe(
      'the certificate is for a, b, c, 10.0.0.1, ::1 and 1 more, and proxy.domain is snaps.internal',
    );
  });

  it('asks for no name where none is known, and for the dates of the whole chain', async () => {
    const leaf = await certificate({ dns: ['other.internal'] });
    expect(problemsOf([leaf], { now: NOW, domain: null })).toEqual([]);
    const old = await certificate({ name: 'Old authority', isAuthority: true, to: inDays(-0.1) });
    expect(problemsOf([leaf, old], { now: NOW, domain: null })).toMatchObject([
      { kind: 'expired', message: expect.stringContaining('"Old authority" has expired') as string },
    ]);
  });

  it('refuses signatures with SHA-1, but for that of a root', async () => {
    const root = await makeCertificate({
      name: 'root',
      kind: 'rsa',
      isAuthority: true,
      hash: 'SHA-1',
      to: inDays(900),
      from: inDays(-1),
    });
    const leaf = await certificate({ issuer: root, hash: 'SHA-1' });
    const chain = [leaf, new X509Certificate(root.pem)] as const;
    expect(about(problemsOf([...chain], { now: NOW, domain: null }))).toEqual(['weak-signature!']);
    expect(signatureAlgorithm(leaf.raw)).toBe('1.2.840.113549.1.1.5');
    expect(about(problemsOf([await certificate({ issuer: root })], { now: NOW, domain: null }))).toEqual([]);
  });
});

describe(covers.name, () => {
  it.each([
    ['snaps.internal', 'snaps.internal', true],
    ['snaps.internal', 'SNAPS.Internal', true],
    ['*.internal', 'snaps.internal', true],
    ['*.internal', 'a.snaps.internal', false],
    ['*.internal', 'internal', false],
    ['s*.internal', 'snaps.internal', false],
    ['10.0.0.1', '10.0.0.1', false],
  ])('a DNS name %s covers %s: %s', async (name, host, expected) => {
    expect(covers(await certificate({ dns: [name] }), host)).toBe(expected);
  });

  it.each([
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['fd00::1', '[fd00::1]', true],
    ['fd00::1', 'fd00:0:0::1', true],
  ])('an address %s covers %s: %s', async (address, host, expected) => {
    expect(covers(await certificate({ dns: [], ip: [address] }), host)).toBe(expected);
  });
});

describe(namesOf.name, () => {
  it('lists names and addresses', async () => {
    expect(namesOf(await certificate({ dns: ['a.b'], ip: ['10.0.0.1', 'fd00::1'] }))).toEqual([
      'a.b',
      '10.0.0.1',
      'fd00::1',
    ]);
  });
});

describe(signatureAlgorithm.name, () => {
  it('is nothing for what is no certificate', () => {
    for (const bytes of [
      [],
      [0x30],
      [0x30, 0x85, 1, 1, 1, 1, 1],
      [0x30, 0x02, 0x30, 0x10],
      [0x02, 0x01, 0x00],
      [0x30, 0x87, 1, 1, 1, 1, 1, 1, 1],
      [0x30, 0x07, 0x30, 0x00, 0x30, 0x03, 0x06, 0x05, 0x2a],
    ]) {
      expect(signatureAlgorithm(Buffer.from(bytes))).toBeNull();
    }
  });
});
