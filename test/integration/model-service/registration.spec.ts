import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Assertion,
  AssertionVerifier,
  decodeAssertionStream,
  type HeaderMap,
  TrustedRoots,
} from '../../../src/formats/assertion/index.js';
import { SystemClock } from '../../../src/kernel/clock.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { BrandKeyService, KeyService } from '../../../src/modules/keys/index.js';
import { ModelService, SerialLogService, SerialPolicyService } from '../../../src/modules/model-service/index.js';
import { TestBrand, RegisteringDevice } from '../../support/brand.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';

const ASSERTIONS = 'application/x.ubuntu.assertion';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(WAYS)('a device that registers, by the %s', (way) => {
  let store: RunningStore;
  let brand: TestBrand;
  const devices = Array.from({ length: 3 }, () => new RegisteringDevice());
  const [one, two, three] = devices as [RegisteringDevice, RegisteringDevice, RegisteringDevice];

  const of = <T>(service: abstract new (...args: never[]) => T): T => store.operator.context.get<T>(service);

  beforeAll(async () => {
    store = await RunningStore.open(way);
    brand = TestBrand.under(store.authority, 'brand');
  });

  afterAll(() => store.close());

  const post = (path: string, body: string | Buffer = '', headers: Record<string, string> = {}): Promise<Reply> =>
    store.ask(path, { method: 'POST', body, headers });

  async function requestId(headers: Record<string, string> = {}): Promise<string> {
    const reply = await post('/api/v1/snaps/auth/request-id', '', headers);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    return (reply.json() as { 'request-id': string })['request-id'];
  }

  interface Registration {
    readonly headers?: HeaderMap;
    readonly others?: readonly Assertion[];
    readonly http?: Record<string, string>;
  }

  async function register(device: RegisteringDevice, model: Assertion, options: Registration = {}): Promise<Reply> {
    const body = device.request(model, await requestId(), options.headers, options.others);
    return post('/api/v1/snaps/auth/devices', body, options.http);
  }

  async function serialOf(reply: Reply): Promise<Assertion> {
    expect([reply.status, reply.headers['content-type']], reply.body.toString().slice(0, 300)).toEqual([
      200,
      ASSERTIONS,
    ]);
    const [serial, ...more] = await decodeAssertionStream(reply.body);
    expect(more).toEqual([]);
    return serial!;
  }

  function refused(reply: Reply, status: number, code: string): void {
    expect([reply.status, reply.headers['content-type']], reply.body.toString().slice(0, 300)).toEqual([
      status,
      'application/json',
    ]);
    const { message, 'error-list': list } = reply.json() as { message: string; 'error-list': { code: string }[] };
    expect(message).toMatch(/\w+ \w+/);
    expect(list.map((entry) => entry.code)).toEqual([code]);
  }

  async function serve(
    model: string,
    options: { apiKey?: string; limit?: number; ignore?: boolean } = {},
  ): Promise<void> {
    await of(ModelService).create({ brandId: brand.id, name: model, apiKey: options.apiKey ?? null, by: 'test' });
    await of(SerialPolicyService).create({
      brandId: brand.id,
      model,
      key: 'serials',
      takesProposed: options.ignore !== true,
      deviceLimit: options.limit ?? 100,
      by: 'test',
    });
  }

  it('is told at once where nobody is registered, in a way that is not asked again every minute', async () => {
    for (const path of ['request-id', 'devices'])
      refused(await post(`/api/v1/snaps/auth/${path}`, 'type: serial-request\n'), 404, 'model-not-served');
  });

  it('is served once a key signs what devices take, and not before', async () => {
    const model = { brandId: brand.id, name: 'lab', apiKey: null, by: 'test' };
    await of(ModelService).create(model);
    await expect(of(ModelService).create(model)).rejects.toMatchObject({ code: 'model-exists' });
    await of(BrandKeyService).take({ accountId: brand.id, name: 'serials' }, brand.pem);
    const policy = {
      brandId: brand.id,
      model: 'lab',
      key: 'serials',
      takesProposed: true,
      deviceLimit: 100,
      by: 'test',
    };
    const policies = of(SerialPolicyService);
    await expect(policies.create(policy)).rejects.toMatchObject({ code: 'serial-authority-unfit' });
    await of(AssertionService).add([brand.account, brand.accountKey]);
    await expect(policies.create({ ...policy, model: 'other' })).rejects.toMatchObject({ code: 'model-not-known' });
    await expect(policies.create({ ...policy, key: 'none' })).rejects.toMatchObject({ code: 'brand-key-unknown' });
    expect(await policies.create(policy)).toMatchObject({ revision: 1, authorityId: brand.id, keyId: brand.key.id });
    expect(await requestId()).toMatch(/^[\w-]{43}$/);
  });

  it('gets a serial that holds, with the keys that prove it where it can take them', async () => {
    const model = brand.model('lab');
    const body = one.request(model, await requestId());
    const reply = await post('/api/v1/snaps/auth/devices', body, { 'snap-device-capabilities': 'serial-stream' });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, ASSERTIONS]);
    const stream = await decodeAssertionStream(reply.body);
    expect(stream.map(({ type }) => type.name)).toEqual(['account', 'account-key', 'serial']);
    const roots = TrustedRoots.of(store.authority.roots);
    const verdicts = await new AssertionVerifier({ roots, clock: new SystemClock() }).verify([...stream, model]);
    expect(verdicts.map(({ error }) => error)).toEqual([null, null, null, null]);
    const serial = stream.at(-1)!;
    expect(serial.headers).toMatchObject({
      'authority-id': brand.id,
      'brand-id': brand.id,
      model: 'lab',
      serial: expect.stringMatching(UUID) as string,
      'device-key-sha3-384': one.key.id,
    });

    // The same request again, because the answer got lost; and a new one by the same key.
    expect((await serialOf(await post('/api/v1/snaps/auth/devices', body))).encoded).toEqual(serial.encoded);
    expect((await serialOf(await register(one, model))).encoded).toEqual(serial.encoded);
    // Nobody else can use what that device has used.
    const used = (await decodeAssertionStream(body))[0]!.text('request-id');
    refused(await post('/api/v1/snaps/auth/devices', two.request(model, used)), 400, 'request-id-refused');
  });

  it('may register below the URL that a gadget names, directly or by way of its store', async () => {
    const model = brand.model('lab');
    for (const prefix of ['/v1/', '/']) {
      const id = (await post(`${prefix}request-id`)).json() as { 'request-id': string };
      await serialOf(await post(`${prefix}serial`, one.request(model, id['request-id'])));
    }
    const here = { 'x-snap-device-service-url': `${store.url}/v1/` };
    await serialOf(await register(one, model, { http: here }));
    const elsewhere = { 'x-snap-device-service-url': 'https://serial-vault.example/v1/' };
    refused(await post('/api/v1/snaps/auth/request-id', '', elsewhere), 400, 'device-service-elsewhere');
    refused(await register(one, model, { http: elsewhere }), 400, 'device-service-elsewhere');
  });

  it('is refused with a request-id that is not of this store', async () => {
    const model = brand.model('lab');
    const id = await requestId();
    const flipped = `${id.slice(0, 20)}${id[20] === 'A' ? 'B' : 'A'}${id.slice(21)}`;
    for (const forged of [flipped, 'REQUEST-1', `${id}A`, 'A'.repeat(43)])
      refused(await post('/api/v1/snaps/auth/devices', two.request(model, forged)), 400, 'request-id-refused');
  });

  it('is refused with a request or a model that somebody else made', async () => {
    const model = brand.model('lab');
    const forged = TestBrand.under(store.authority, 'brand').model('lab');
    refused(await register(two, forged), 400, 'assertion-refused');
    const [request, ...others] = await decodeAssertionStream(two.request(model, await requestId()));
    const changed = request!.encoded.toString().replace(/\nrequest-id: .*\n/, `\nrequest-id: ${await requestId()}\n`);
    const body = Buffer.concat([Buffer.from(changed), Buffer.from('\n'), ...others.map(({ encoded }) => encoded)]);
    refused(await post('/api/v1/snaps/auth/devices', body), 400, 'assertion-refused');
    expect(await issued('lab')).toHaveLength(1);
  });

  it('is refused where its model is not served, and generic ones in words of their own', async () => {
    refused(await register(two, brand.model('unknown')), 404, 'model-not-served');
    const generic = TestBrand.under(store.authority, 'generic').model('generic-classic');
    const reply = await register(two, generic);
    refused(reply, 404, 'model-not-served');
    expect((reply.json() as { message: string }).message).toContain('from Canonical alone');
  });

  it('is refused with anything that is no request', async () => {
    const model = brand.model('lab');
    const other = two.request(model, await requestId());
    const post2 = (body: string | Buffer): Promise<Reply> => post('/api/v1/snaps/auth/devices', body);
    refused(await post2(''), 400, 'serial-request-unfit');
    refused(await post2('type: serial-request\n'), 400, 'assertion-refused');
    refused(await post2(Buffer.concat([other, Buffer.from('\n'), other])), 400, 'serial-request-unfit');
    refused(await post2(model.encoded), 400, 'serial-request-unfit');
    refused(await post2(Buffer.alloc(600 * 1024, 'a')), 413, 'too-many-bytes');
    refused(await register(two, model, { headers: { serial: ' blank' } }), 400, 'serial-request-unfit');
    refused(await register(two, model, { headers: { 'original-serial': '1' } }), 400, 'serial-request-unfit');
    const unkeepable = brand.model('lab', { 'authority-id': 'a\0b', 'brand-id': 'a\0b' });
    refused(await register(two, unkeepable), 400, 'model-unfit');
    const long = brand.model('m'.repeat(2000));
    refused(await register(two, long), 400, 'model-unfit');
  });

  it('says the API key of its model where that has one', async () => {
    const apiKey = 'abcdefghijABCDEFGHIJ';
    await serve('keyed', { apiKey });
    const model = brand.model('keyed');
    refused(await register(one, model), 403, 'api-key-refused');
    refused(await register(one, model, { http: { 'api-key': `${apiKey}x` } }), 403, 'api-key-refused');
    await serialOf(await register(one, model, { http: { 'api-key': apiKey } }));
  });

  it('has the serial that it proposes where nobody else has it, and where its model lets it', async () => {
    await serve('proposing', { limit: 2 });
    await serve('numbered', { ignore: true });
    const headers = { serial: 'A-0001' };
    const serial = await serialOf(await register(one, brand.model('proposing'), { headers }));
    expect(serial.text('serial')).toBe('A-0001');
    refused(await register(two, brand.model('proposing'), { headers }), 409, 'serial-taken');
    const numbered = await serialOf(await register(one, brand.model('numbered'), { headers }));
    expect(numbered.text('serial')).toMatch(UUID);
  });

  it('is turned away once as many have registered as may', async () => {
    const model = brand.model('proposing');
    await serialOf(await register(two, model));
    refused(await register(three, model), 403, 'device-limit-reached');
    await serialOf(await register(two, model));
  });

  it('gets one serial where it asks twice at once', async () => {
    await serve('hasty');
    const model = brand.model('hasty');
    const replies = await Promise.all([register(one, model), register(one, model)]);
    const [first, second] = await Promise.all(replies.map(serialOf));
    expect(first!.text('serial')).toBe(second!.text('serial'));
    expect(await issued('hasty')).toHaveLength(1);
  });

  it('gets nothing any more once its serial is revoked, and nobody else gets that serial', async () => {
    await serve('revoking');
    const model = brand.model('revoking');
    const headers = { serial: 'R-1' };
    await serialOf(await register(one, model, { headers }));
    const log = of(SerialLogService);
    await expect(log.revoke(brand.id, 'revoking', 'R-2', 'test', '')).rejects.toMatchObject({
      code: 'serial-not-known',
    });
    expect(await log.isRevoked(brand.id, 'revoking', 'R-1')).toBe(false);
    const revoked = await log.revoke(brand.id, 'revoking', 'R-1', 'test', 'stolen');
    expect(await log.revoke(brand.id, 'revoking', 'R-1', 'other', 'again')).toEqual(revoked);
    expect(await log.isRevoked(brand.id, 'revoking', 'R-1')).toBe(true);
    refused(await register(one, model), 403, 'serial-revoked');
    refused(await register(two, model, { headers }), 409, 'serial-taken');
  });

  it('becomes one of another model where an operator lets it, and keeps its serial', async () => {
    await serve('before');
    await serve('after');
    const held = await serialOf(await register(one, brand.model('before'), { headers: { serial: 'M-1' } }));
    const original = { 'original-brand-id': brand.id, 'original-model': 'before', 'original-serial': 'M-1' };
    const remodel = (device: RegisteringDevice): Promise<Reply> =>
      register(device, brand.model('after'), { headers: original, others: [held] });
    refused(await remodel(one), 403, 'remodel-refused');
    const rule = { brandId: brand.id, fromModel: 'before', toModel: 'after', description: '', by: 'test' };
    const other = await of(ModelService).allowRemodel({ ...rule, fromSerial: 'M-2' });
    refused(await remodel(one), 403, 'remodel-refused');
    await of(ModelService).allowRemodel({ ...rule, fromSerial: 'M-1' });
    refused(await remodel(two), 403, 'remodel-refused');
    const serial = await serialOf(await remodel(one));
    expect([serial.text('model'), serial.text('serial')]).toEqual(['after', 'M-1']);
    await of(ModelService).forbidRemodel(other.id);
    await expect(of(ModelService).forbidRemodel(other.id)).rejects.toMatchObject({ code: 'remodel-rule-not-known' });
  });

  it('is not taken for a device of another brand by a serial that it made up', async () => {
    const forger = TestBrand.under(store.authority, 'brand');
    const held = forger.serialFor(two, 'before', 'M-9');
    const original = { 'original-brand-id': brand.id, 'original-model': 'before', 'original-serial': 'M-9' };
    await of(ModelService).allowRemodel({
      brandId: brand.id,
      fromModel: 'before',
      toModel: 'after',
      fromSerial: '',
      description: '',
      by: 'test',
    });
    const reply = await register(two, brand.model('after'), { headers: original, others: [held] });
    refused(reply, 400, 'assertion-refused');
  });

  it('may be signed for by whom the model names beside the brand, and by nobody else', async () => {
    const vault = TestBrand.under(store.authority, 'vault');
    await of(AssertionService).add([vault.account, vault.accountKey]);
    await of(BrandKeyService).take({ accountId: 'vault', name: 'vault' }, vault.pem);
    await of(ModelService).create({ brandId: brand.id, name: 'vaulted', apiKey: null, by: 'test' });
    await of(SerialPolicyService).create({
      brandId: brand.id,
      model: 'vaulted',
      key: vault.key.id,
      takesProposed: true,
      deviceLimit: 1,
      by: 'test',
    });
    refused(await register(one, brand.model('vaulted')), 403, 'serial-authority-unfit');
    const named = brand.model('vaulted', { 'serial-authority': ['vault'] });
    expect((await serialOf(await register(one, named))).authorityId).toBe('vault');
  });

  it('is not left to find out that nobody would take what signs its serials', async () => {
    const old = TestBrand.under(store.authority, 'brand');
    await of(BrandKeyService).take({ accountId: brand.id, name: 'old' }, old.pem);
    const over = { until: '2021-01-01T00:00:00Z' };
    await of(AssertionService).add([
      store.authority.accountKeyFor(old.key, 'old', brand.id, over),
      brand.model('known'),
    ]);
    const policies = of(SerialPolicyService);
    const policy = { brandId: brand.id, model: 'lab', takesProposed: true, deviceLimit: 1, by: 'test' };
    await expect(policies.create({ ...policy, key: 'old' })).rejects.toThrow('not valid now');
    await of(ModelService).create({ brandId: brand.id, name: 'known', apiKey: null, by: 'test' });
    const foreign = of(KeyService);
    const vault = (await foreign.list()).find(({ name }) => name === 'vault')!;
    await expect(policies.create({ ...policy, model: 'known', key: vault.id })).rejects.toThrow('does not name');
    expect((await policies.list(brand.id)).find(({ model }) => model === 'known')).toBeUndefined();
  });

  it('gets the same serial in a higher revision once another key signs', async () => {
    const model = brand.model('lab');
    const before = await serialOf(await register(one, model));
    const next = TestBrand.under(store.authority, 'brand');
    await of(BrandKeyService).take({ accountId: brand.id, name: 'next' }, next.pem);
    await of(AssertionService).add([store.authority.accountKeyFor(next.key, 'next', brand.id)]);
    const policy = { brandId: brand.id, model: 'lab', takesProposed: true, deviceLimit: 100, by: 'test' };
    expect(await of(SerialPolicyService).create({ ...policy, key: 'next' })).toMatchObject({ revision: 2 });
    const after = await serialOf(await register(one, model));
    expect(after.primaryKey).toEqual(before.primaryKey);
    expect([after.revision, after.signKeyId]).toEqual([before.revision + 1, next.key.id]);
    await of(KeyService).retire(next.key.id);
    const reply = await register(three, model);
    expect(reply.status).toBe(500);
    expect(reply.headers['content-type']).toBe('application/json');
  });

  it('is not served any more where its policy or its model is gone', async () => {
    await of(SerialPolicyService).remove(brand.id, 'hasty');
    await expect(of(SerialPolicyService).remove(brand.id, 'hasty')).rejects.toMatchObject({
      code: 'serial-policy-not-known',
    });
    refused(await register(one, brand.model('hasty')), 404, 'model-not-served');
    await of(ModelService).delete(brand.id, 'numbered');
    refused(await register(one, brand.model('numbered')), 404, 'model-not-served');
    expect(await issued('numbered')).toHaveLength(1);
  });

  async function issued(model: string): Promise<string[]> {
    const serials: string[] = [];
    for await (const { serial } of of(SerialLogService).list({ brandId: brand.id, model })) serials.push(serial);
    return serials;
  }
});
