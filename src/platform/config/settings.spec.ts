import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { InvalidSettingError, SettingsFileError, UnknownSettingError } from './config.errors.js';
import { loadBootstrapSettings } from './load-settings.js';
import { SETTING_DEFINITIONS } from './setting-definitions.js';
import { checkSetting, Settings } from './settings.js';
import { parseSettingsYaml, SettingsFile } from './settings-file.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('precedence', () => {
  const key = 'proxy.port.http';
  const layers = {
    flag: new Map([[key, '1']]),
    file: new Map([[key, '3']]),
    stored: new Map([[key, '4']]),
  };

  it('takes the flag over the environment, the file, what is stored, and the default', () => {
    vi.stubEnv('PROXY_PORT_HTTP', '2');
    const inForce = (...names: (keyof typeof layers)[]) =>
      new Settings(Object.fromEntries(names.map((name) => [name, layers[name]]))).lookup(key);
    expect(inForce('flag', 'file', 'stored')).toEqual({ value: '1', source: 'flag' });
    expect(inForce('file', 'stored')).toEqual({ value: '2', source: 'environment' });
    vi.unstubAllEnvs();
    expect(inForce('file', 'stored')).toEqual({ value: '3', source: 'file' });
    expect(inForce('stored')).toEqual({ value: '4', source: 'stored' });
    expect(inForce()).toEqual({ value: '8080', source: 'default' });
  });

  it('takes an empty environment variable for none', () => {
    vi.stubEnv('PROXY_PORT_HTTP', '');
    expect(new Settings({}).lookup(key).source).toBe('default');
  });

  it('refuses a value that does not fit, whichever layer it is in', async () => {
    expect(() => new Settings({ flag: new Map([[key, '70000']]) })).toThrow(InvalidSettingError);
    expect(() => new Settings({ file: new Map([['proxy.porte', '1']]) })).toThrow(UnknownSettingError);
    vi.stubEnv('PROXY_PORT_HTTP', 'http');
    expect(() => new Settings({})).toThrow(/proxy\.port\.http/);
    vi.unstubAllEnvs();
    await writeFile(join(folder, 'settings.yaml'), 'proxy.port.http: 0\n');
    await expect(loadBootstrapSettings({ dataDir: folder, configFile: null, flags: new Map() })).rejects.toThrow(
      InvalidSettingError,
    );
  });

  it('keeps what lies in DATA/settings.yaml when the database tells what it holds', () => {
    const settings = new Settings({
      stored: new Map([
        [key, '4'],
        ['proxy.domain', 'old'],
      ]),
    });
    settings.replaceStored(
      new Map([
        ['proxy.domain', 'new'],
        [key, '5'],
      ]),
    );
    expect([settings.get(key), settings.get('proxy.domain')]).toEqual(['4', 'new']);
  });
});

describe('values', () => {
  it.each([
    ['proxy.domain', 'snaps.internal'],
    ['proxy.domain', '10.0.0.1'],
    ['proxy.ipaddress', '[::]'],
    ['proxy.port.http', '65535'],
    ['proxy.public-url', 'https://snaps.internal:8443/base'],
    ['proxy.db.connection', 'postgresql://u:p@h:5432/d?sslmode=disable'],
    ['proxy.db.connection', 'postgresql:///d?host=/run/postgresql'],
    ['proxy.storage.backend', 'local'],
    ['proxy.import.watch', '/srv/incoming'],
    ['proxy.import.parts-limit', '1T'],
    ['proxy.policy.required-signers', 'any'],
  ])('%s takes %s', (key, value) => {
    expect(() => {
      checkSetting(key, value);
    }).not.toThrow();
  });

  it.each([
    ['proxy.domain', 'a b'],
    ['proxy.domain', ''],
    ['proxy.ipaddress', 'localhost'],
    ['proxy.port.http', '0'],
    ['proxy.port.http', '8080x'],
    ['proxy.public-url', 'ftp://x'],
    ['proxy.public-url', 'https://user@x'],
    ['proxy.db.connection', 'mysql://u@h/d'],
    ['proxy.db.connection', 'host=h dbname=d'],
    ['proxy.storage.backend', 'tape'],
    ['proxy.import.watch', 'incoming'],
    ['proxy.import.parts-limit', 'much'],
    ['proxy.trust.extra-roots', '/no/such/file'],
    ['proxy.trust-forwarded-proto', 'yes'],
  ])('%s does not take "%s", and the error says what it does take', (key, value) => {
    const accepted = SETTING_DEFINITIONS.find((definition) => definition.key === key)?.accepted;
    expect(() => {
      checkSetting(key, value);
    }).toThrow(`accepted: ${accepted ?? '?'}`);
  });

  it('says of an unknown setting which there are', () => {
    expect(() => {
      checkSetting('proxy.nothing', '1');
    }).toThrow(/"proxy\.nothing".*proxy\.domain/);
  });

  it('shows nothing of a secret, sealed or not, and takes what this store has sealed for any value', () => {
    const key = 'proxy.device-auth.secret';
    const sealed = `sealed-v1:AAAAAAAA:${'A'.repeat(40)}:${key}`;
    for (const value of ['planted-secret-of-devices', sealed]) {
      checkSetting(key, value);
      expect(new Settings({ file: new Map([[key, value]]) }).redacted(key)).toBe('<redacted>');
    }
    // A sealed text is no PEM, which is what this one takes otherwise.
    checkSetting('proxy.key.private', sealed);
    expect(() => {
      checkSetting('proxy.domain', sealed);
    }).toThrow(InvalidSettingError);
    expect(() => {
      checkSetting(key, 'planted');
    }).toThrow(/^(?!.*planted)/);
  });

  it('leaves what another room keeps to that room', () => {
    vi.stubEnv('PROXY_KEY_PUBLIC', 'not even a key');
    const pem = '-----BEGIN PUBLIC KEY-----\n';
    const settings = new Settings({ file: new Map([['proxy.key.public', pem]]) });
    expect(settings.get('proxy.key.public')).toBeNull();
    settings.changeStored('proxy.key.public', pem);
    expect(settings.lookup('proxy.key.public')).toEqual({ value: pem, source: 'stored' });
  });

  it.each([
    ['postgresql://snap:s3cret@db:5432/store', 'postgresql://snap:<redacted>@db:5432/store'],
    ['postgresql://snap:s3@cr/et@db/store', 'postgresql://snap:<redacted>@db/store'],
    ['postgresql://:s3cret@db/store', 'postgresql://:<redacted>@db/store'],
    [
      'postgresql://db/store?user=a&password=s3cret&sslmode=require',
      'postgresql://db/store?user=a&password=<redacted>&sslmode=require',
    ],
    ['postgresql://db/store?password=s3@cret', 'postgresql://db/store?password=<redacted>'],
    ['postgresql:///store?host=/run', 'postgresql:///store?host=/run'],
  ])('shows %s without its secret', (value, shown) => {
    expect(new Settings({ stored: new Map([['proxy.db.connection', value]]) }).redacted('proxy.db.connection')).toBe(
      shown,
    );
  });
});

describe(SettingsFile.name, () => {
  it('reads dotted and nested keys alike, and nothing where there is no file', async () => {
    expect(await SettingsFile.inDataDir(folder).read()).toEqual(new Map());
    expect(parseSettingsYaml('proxy:\n  domain: x\n  port.http: 81\nproxy.import.watch: null\n', 'f')).toEqual(
      new Map([
        ['proxy.domain', 'x'],
        ['proxy.port.http', '81'],
      ]),
    );
  });

  it.each(['- a', 'proxy: [1]', 'a: &x b\nc: *x', '{', 'x: 1\nx: 2'])('refuses %j', (text) => {
    expect(() => parseSettingsYaml(text, 'f')).toThrow(SettingsFileError);
  });

  it.each([
    ['proxy.device-auth.secret: planted"\nproxy.key: "planted\n', 3],
    ['a: 1\nb: planted: c\n', 2],
    ['a: 1\na: planted\n', 2],
    ['a: "\\x planted"\n', 1],
    ['a: @planted\n', 1],
  ])('says of %j where it is wrong and nothing of what is there', (text, line) => {
    const error = caught(() => parseSettingsYaml(text, 'f'));
    expect(error).toMatchObject({ code: 'settings-file-unreadable', details: { path: 'f', line } });
    expect((error as Error).message + JSON.stringify(error)).not.toContain('planted');
    expect((error as Error).cause).toBeUndefined();
  });

  it('writes a file for its owner alone, in an order that depends on nothing, and keeps what it does not change', async () => {
    const file = SettingsFile.inDataDir(folder);
    await file.write(
      new Map([
        ['b', '2'],
        ['a', '1'],
      ]),
    );
    await file.change(
      new Map([
        ['c', 'true'],
        ['b', null],
      ]),
    );
    expect(await readFile(file.path, 'utf8')).toBe('a: "1"\nc: "true"\n');
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect(await file.read()).toEqual(
      new Map([
        ['a', '1'],
        ['c', 'true'],
      ]),
    );
  });
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
