import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { TestBrand } from '../../support/brand.js';
import { type Reply, RunningStore } from '../../support/running-store.js';
import { testSnapId } from '../../support/test-authority.js';
import { TestDevice } from '../../support/test-device.js';
import { TypedCommands } from '../../support/typed-commands.js';

describe("an operator who looks after a brand's models", () => {
  let store: RunningStore;
  let operator: TypedCommands;
  let brand: TestBrand;

  beforeAll(async () => {
    store = await RunningStore.open('lane', { 'proxy.device-auth.policy': 'required' });
    operator = await TypedCommands.at(store.operator);
    brand = TestBrand.under(store.authority, 'brand');
  });

  afterAll(() => store.close());

  const write = async (name: string, content: Buffer): Promise<string> => {
    const path = join(store.operator.dataDir, name);
    await writeFile(path, content);
    return path;
  };

  it('is told that a brand has to be named as long as the store knows none', async () => {
    expect((await operator.must('list', 'models')).trim()).toBe('Name  API key  Active serial signing key  Brand');
    const { exitCode, stderr } = await operator.run('create', 'model', 'till', '--no-api-key');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('say for which brand: this store knows none yet (usage)');
    expect(stderr).toContain('BRAND_ACCOUNT_ID');
  });

  it('makes a key out of a file, and is told what is missing', async () => {
    const file = await write('serials.pem', brand.pem);
    const both = await operator.run('create', 'key', 'serials', '--brand', 'brand', '--software', '--from', file);
    expect([both.exitCode, both.stderr]).toEqual([2, expect.stringContaining('exclude each other') as string]);
    const made = await operator.run('create', 'key', 'serials', '--brand', 'brand', '--from', file);
    expect([made.exitCode, made.stdout]).toEqual([0, "Signing key 'serials' created.\n"]);
    expect(made.stderr).toContain(
      `keys export --public ${brand.key.id} --account-key-request --account brand --name serials`,
    );
    const table = await operator.must('list', 'keys');
    expect(table).toMatch(new RegExp(`^serials  ${brand.key.id}  brand  active  this store$`, 'm'));
    const token = await operator.run('create', 'key', 'other', '--token');
    expect([token.exitCode, token.stderr]).toEqual([2, expect.stringContaining('(hsm-not-configured)') as string]);
  });

  it('makes a model with an API key that is shown once', async () => {
    const without = await operator.run('create', 'model', 'till');
    expect([without.exitCode, without.stderr]).toEqual([
      2,
      expect.stringMatching(/--api-key new .*--no-api-key/) as string,
    ]);
    const short = await operator.run('create', 'model', 'till', '--api-key', 'short');
    expect([short.exitCode, short.stderr]).toEqual([2, expect.stringContaining('(model-unfit)') as string]);
    const made = await operator.must('create', 'model', 'till', '--api-key', 'new');
    const apiKey = /^Model 'till' created\.\nAPI key: ([A-Za-z0-9]{40})\n$/.exec(made)![1]!;
    const list = await operator.must('list', 'models', '--format', 'json');
    expect(list).not.toContain(apiKey);
    expect(JSON.parse(list)).toMatchObject({ models: [{ name: 'till', hasApiKey: true, policy: null }] });
    expect(await operator.must('list', 'models')).toMatch(
      new RegExp(`^till  ${apiKey.slice(0, 4)}… +none +brand$`, 'm'),
    );
    const again = await operator.run('create', 'model', 'till', '--no-api-key');
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('hint: --force') as string]);
    await operator.must('create', 'model', 'till', '--no-api-key', '--force');
    expect(await operator.must('list', 'models')).toMatch(/^till +none +none +brand$/m);
  });

  it('says who signs, once the store holds what devices need', async () => {
    const policy = ['create', 'serial-policy', '--model', 'till', '--key', 'serials', '--device-limit', '3'];
    const early = await operator.run(...policy);
    expect([early.exitCode, early.stderr]).toEqual([1, expect.stringContaining('(serial-authority-unfit)') as string]);
    expect(early.stderr).toContain('push-account-keys');
    await operator.must(
      'push-account-keys',
      await write('keys.assert', encodeAssertionStream([brand.account, brand.accountKey])),
    );
    const configured = `Model 'till' configured to sign serials with key '${brand.key.id}'.\n`;
    expect(await operator.must(...policy)).toBe(configured);
    expect(await operator.must(...policy)).toBe(configured);
    const lines = (await operator.must('list', 'serial-policies')).split('\n');
    expect(lines[1]).toMatch(/^till +2 +active .* up to 3 +taken +brand$/);
    expect(lines[2]).toMatch(/^till +1 +removed /);
    const unnamed = await operator.run('create', 'serial-policy', '--model', 'till');
    expect([unnamed.exitCode, unnamed.stderr]).toEqual([2, expect.stringContaining('--key KEY is needed') as string]);
  });

  it('says which models may become which', async () => {
    const added = await operator.must(
      'remodel-allowlist',
      'add',
      'till',
      'kiosk',
      '--serial',
      'A-1',
      '--description',
      'lobby',
    );
    const id = /^till\/A-1 may become kiosk \(entry (\d+)\)\n$/.exec(added)![1]!;
    expect(await operator.must('remodel-allowlist', 'list')).toMatch(
      new RegExp(`^${id} +till +kiosk +A-1 +brand +lobby$`, 'm'),
    );
    const same = await operator.run('remodel-allowlist', 'add', 'till', 'till');
    expect([same.exitCode, same.stderr]).toEqual([2, expect.stringContaining('cannot become itself') as string]);
    await operator.must('remodel-allowlist', 'remove', id);
    const gone = await operator.run('remodel-allowlist', 'remove', id);
    expect([gone.exitCode, gone.stderr]).toEqual([1, expect.stringContaining('(remodel-rule-not-known)') as string]);
  });

  it('takes a serial back, and its device has no session any more', async () => {
    const acme = TestBrand.under(store.authority, 'acme');
    await store.operator.context.get(AssertionService).add(acme.assertions);
    await store.push(store.authority.snap({ name: 'jq', snapId: testSnapId('jq'), revision: 6 }));
    const device = new TestDevice(acme, 'till', 'A-7');
    await store.operator.query(`INSERT INTO snap_store.issued_serial
      (brand_id, model, serial, device_key_id, policy_revision, key_id, assertion, request, issued_at, asked_at)
      VALUES ('acme', 'till', 'A-7', 'd', 1, 'k', 'serial text', 'request text', now(), now())`);
    const session = async (): Promise<Reply> => {
      const { nonce } = (await store.ask('/api/v1/snaps/auth/nonces', { method: 'POST' })).json() as { nonce: string };
      const body = JSON.stringify(device.sessionRequest(nonce));
      return store.ask('/api/v1/snaps/auth/sessions', { method: 'POST', body });
    };
    const open = await session();
    expect(open.status).toBe(200);
    const authorization = {
      'snap-device-authorization': `Macaroon root="${(open.json() as { macaroon: string }).macaroon}"`,
    };
    const info = async (): Promise<number> => (await store.ask('/v2/snaps/info/jq', { headers: authorization })).status;
    expect(await info()).toBe(200);
    expect(await operator.must('serials', 'show', 'till', 'A-7', '--brand', 'acme')).toBe(
      'serial text\nrequest text\n',
    );

    await operator.must('serials', 'revoke', 'till', 'A-7', '--brand', 'acme', '--reason', 'stolen');
    expect(await operator.must('serials', 'list', '--brand', 'acme')).toMatch(/^till +A-7 +revoked /m);
    expect(await operator.must('serials', 'show', 'till', 'A-7', '--brand', 'acme')).toMatch(/^revoked .*: stolen\n/);
    expect((await session()).status).toBe(403);
    await expect.poll(info).toBe(401);
    await operator.must('devices', 'forget', 'acme/till/A-7');
    expect((await session()).status).toBe(403);
    const unknown = await operator.run('serials', 'revoke', 'till', 'A-8', '--brand', 'acme');
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('(serial-not-known)') as string]);
  });

  it('ends it all again', async () => {
    await operator.must('delete', 'serial-policy', 'till', '--brand', 'brand');
    const twice = await operator.run('delete', 'serial-policy', 'till', '--brand', 'brand');
    expect([twice.exitCode, twice.stderr]).toEqual([1, expect.stringContaining('(serial-policy-not-known)') as string]);
    expect(await operator.must('delete', 'model', 'till', '--brand', 'brand')).toBe("Model 'till' deleted.\n");
    const gone = await operator.run('delete', 'model', 'till', '--brand', 'brand');
    expect([gone.exitCode, gone.stderr]).toEqual([1, expect.stringContaining('(model-not-known)') as string]);
    expect(await operator.must('keys', 'retire', brand.key.id)).toBe(`${brand.key.id} is retired\n`);
  });
});
