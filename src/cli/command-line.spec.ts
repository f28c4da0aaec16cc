import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { completionScript } from './completion.js';
import type { CommandLineIo } from './io.js';
import { runCommandLine } from './main.js';
import { buildProgram } from './program.js';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cli-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dataDir, { recursive: true, force: true });
});

interface Streams {
  readonly stdin?: string | null;
  readonly terminal?: boolean;
}

async function run(args: readonly string[], { stdin = null, terminal = false }: Streams = {}) {
  let [stdout, stderr] = ['', ''];
  const io: CommandLineIo = {
    stdin: Object.assign(Readable.from(stdin === null ? [] : [Buffer.from(stdin)]), { isTTY: stdin === null }),
    stdout: {
      isTerminal: terminal,
      hasColor: false,
      write: (text) => (stdout += text),
      flush: () => Promise.resolve(),
    },
    stderr: {
      isTerminal: terminal,
      hasColor: false,
      write: (text) => (stderr += text),
      flush: () => Promise.resolve(),
    },
    progressColumns: () => null,
    signal: new AbortController().signal,
  };
  const exitCode = await runCommandLine(['--data-dir', dataDir, ...args], io);
  return { exitCode, stdout, stderr };
}

describe('the command tree', () => {
  const commands: string[][] = [];
  const collect = (command: Command, path: string[]): void => {
    commands.push(path);
    for (const sub of command.commands) collect(sub, [...path, sub.name()]);
  };
  const io = { stdout: { write: () => undefined }, stderr: { write: () => undefined } } as unknown as CommandLineIo;
  const { program } = buildProgram(io);
  collect(program, []);

  it.each(commands.map((path) => [path.join(' ') || 'the program', path] as const))(
    'shows the help of %s with an example of it and the global options',
    async (_, path) => {
      const { exitCode, stdout, stderr } = await run([...path, '--help']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const example = /\nExamples?:\n((?: {2}.*\n?)+)/.exec(stdout)?.[1] ?? '';
      expect(example).toContain(['snap-store-proxy', ...path].join(' '));
      expect(stdout).toContain('--data-dir');
    },
  );

  it('says its version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['serv'], "unknown command 'serv'", 'Did you mean serve?'],
    [['config', '--exprt-yaml'], "unknown option '--exprt-yaml'", 'Did you mean --export-yaml?'],
    [['--format', 'xml', 'config'], 'Allowed choices are text, json, yaml', 'snap-store-proxy --help'],
    [['completion'], "missing required argument 'shell'", 'snap-store-proxy --help'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish', 'snap-store-proxy --help'],
    [['gc', 'now'], 'too many arguments', 'snap-store-proxy --help'],
    [['serve', '--port', '99999'], 'a whole number from 0 to 65535', 'snap-store-proxy --help'],
  ])('refuses %j as wrong usage', async (args, message, hint) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    const [error = '', hintLine = '', ...rest] = stderr.split('\n');
    expect(error).toMatch(/^error: .* \(usage\)$/);
    expect(error).toContain(message);
    expect(hintLine).toMatch(/^hint: /);
    expect(hintLine).toContain(hint);
    expect(rest).toEqual(['']);
  });

  it('tells machines the same as JSON, wherever the flag stands', async () => {
    for (const args of [
      ['--format', 'json', 'serv'],
      ['serv', '--format=json'],
    ]) {
      const { exitCode, stderr } = await run(args);
      expect(exitCode).toBe(2);
      expect(JSON.parse(stderr)).toEqual({
        error: { code: 'usage', message: "unknown command 'serv'", details: {}, hint: 'Did you mean serve?' },
      });
    }
  });

  it.each([[[]], [['bundle']]])('answers %j, which says too little, with its help', async (args) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: ');
  });
});

describe('config before the first start', () => {
  it('lists every setting with where its value comes from, as YAML too', async () => {
    vi.stubEnv('PROXY_DOMAIN', 'from.environment');
    await writeFile(join(dataDir, 'file.yaml'), 'proxy.public-url: http://from.file\n');
    await run(['config', 'proxy.port.http=8123']);
    const { exitCode, stdout } = await run(['--config', join(dataDir, 'file.yaml'), 'config']);
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n');
    expect(lines).toContain('proxy.domain: from.environment  # environment');
    expect(lines).toContain('proxy.public-url: http://from.file  # file');
    expect(lines).toContain('proxy.port.http: 8123  # stored');
    expect(lines).toContain('proxy.storage.backend: local  # default');
    expect(lines).toContain('proxy.import.watch: # unset');
    const json = JSON.parse((await run(['config', '--format', 'json'])).stdout) as Record<string, unknown>;
    expect(json['proxy.port.http']).toEqual({ value: '8123', source: 'stored' });
    expect(json['proxy.import.watch']).toEqual({ value: null, source: null });
    expect(parse((await run(['config', '--format', 'yaml'])).stdout)).toEqual(json);
  });

  it('echoes what it sets, shows raw values, and an empty value unsets', async () => {
    expect((await run(['config', 'proxy.port.http=8123', 'proxy.ipaddress=127.0.0.1'])).stdout).toBe(
      'proxy.port.http: 8123\nproxy.ipaddress: 127.0.0.1\n',
    );
    expect((await run(['config', 'proxy.ipaddress', 'proxy.port.http'])).stdout).toBe('127.0.0.1\n8123\n');
    expect((await run(['config', 'proxy.port.http='])).stdout).toBe('proxy.port.http:\n');
    expect((await run(['config', 'proxy.port.http'])).stdout).toBe('8080\n');
  });

  it('shows a password to who asks for the raw value and to nobody else', async () => {
    const uri = 'postgresql://store:s3cret@db.invalid/store';
    const set = await run(['config', `proxy.db.connection=${uri}`]);
    expect(set.exitCode).toBe(0);
    expect(set.stdout).toBe('proxy.db.connection: postgresql://store:<redacted>@db.invalid/store\n');
    expect(set.stderr).toMatch(/^note: the database at .* cannot be reached: .*; it is set all the same\n$/);
    const listed = await run(['config']);
    expect(listed.stdout).toContain('proxy.db.connection: postgresql://store:<redacted>@db.invalid/store');
    expect([set, listed].map(({ stdout, stderr }) => stdout + stderr).join('')).not.toContain('s3cret');
    expect((await run(['config', 'proxy.db.connection'])).stdout).toBe(`${uri}\n`);
    // The settings in it are not known while the database cannot be reached; the rest is.
    expect(listed.exitCode).toBe(5);
  });

  it.each([
    ['proxy.nothing', 'unknown-setting'],
    ['proxy.nothing=1', 'unknown-setting'],
    ['proxy.port.http=port', 'invalid-setting'],
  ])('refuses %s and changes nothing', async (word, code) => {
    const first = word.includes('=') ? 'proxy.ipaddress=127.0.0.1' : 'proxy.ipaddress';
    const { exitCode, stdout, stderr } = await run(['config', first, word]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`(${code})`);
    expect((await run(['config', 'proxy.ipaddress'])).stdout).toBe('[::]\n');
  });

  it('refuses to mix showing and setting, and to set a thing twice', async () => {
    expect((await run(['config', 'proxy.domain', 'proxy.port.http=1'])).exitCode).toBe(2);
    expect((await run(['config', 'proxy.port.http=1', 'proxy.port.http=2'])).exitCode).toBe(2);
  });

  it('takes a whole configuration out and in, and never to a screen', async () => {
    await run(['config', 'proxy.port.http=8123']);
    const refused = await run(['config', '--export-yaml'], { terminal: true });
    expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('pipe is needed (terminal-output-refused)');
    const { stdout: yaml } = await run(['config', '--export-yaml']);
    expect(yaml).toBe('proxy.port.http: "8123"\n');
    await run(['config', 'proxy.port.http=']);
    const imported = await run(['config', '--import-yaml'], { stdin: yaml });
    expect(imported).toEqual({ exitCode: 0, stdout: 'proxy.port.http: 8123\n', stderr: '' });
    expect((await run(['config', '--export-yaml'])).stdout).toBe(yaml);
  });

  it('says what it wants on standard input where that is a terminal, and imports all or nothing', async () => {
    const asked = await run(['config', '--import-yaml']);
    expect(asked.exitCode).toBe(2);
    expect(asked.stderr).toContain('(input-needed)');
    const refused = await run(['config', '--import-yaml'], {
      stdin: 'proxy.port.http: 81\nproxy.ipaddress: nowhere\n',
    });
    expect(refused.exitCode).toBe(2);
    expect((await run(['config', 'proxy.port.http'])).stdout).toBe('8080\n');
  });

  it('notes when what is stored is not what is in force', async () => {
    vi.stubEnv('PROXY_PORT_HTTP', '9999');
    const noted = await run(['config', 'proxy.port.http=8123']);
    expect(noted.stderr).toContain('note: proxy.port.http is stored, but the environment has another say for now');
    expect((await run(['config', 'proxy.port.http=8124', '--quiet'])).stderr).toBe('');
  });
});

describe('completion', () => {
  const { program } = buildProgram({ stdout: {}, stderr: {} } as unknown as CommandLineIo);

  it.each([
    [['snap-store-proxy', 'conf'], ['config']],
    [['snap-proxy', 'bundle', ''], ['inspect']],
    [['snap-store-proxy', 'config', '--exp'], ['--export-yaml']],
    [['snap-store-proxy', '--quiet', 'gc', '--dry'], ['--dry-run']],
    [['snap-store-proxy', 'gc', '--format', 'j'], ['json']],
  ])('of bash knows what may follow %j', (words, expected) => {
    const script = `${completionScript('bash', program)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _snap_store_proxy
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const offered = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(offered).toEqual(expect.arrayContaining(expected));
  });

  it.each(['zsh', 'fish'] as const)('of %s names every command and flag', (shell) => {
    const script = completionScript(shell, program);
    const walk = (command: Command): void => {
      for (const option of command.options) expect(script).toContain(option.long?.replace('--', ''));
      for (const sub of command.commands) {
        expect(script).toContain(sub.name());
        walk(sub);
      }
    };
    walk(program);
  });
});
