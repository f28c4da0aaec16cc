import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { StoreError } from '../kernel/store-error.js';
import { UsageError } from './cli.errors.js';
import { exitCodeOf, KNOWN_CODES } from './error-codes.js';
import { describeError, printError } from './errors.js';
import { EXIT } from './exit-code.js';

const SOURCE = join(import.meta.dirname, '..');

/** What errors without a code of their own are given (errors.ts, and import.errors.ts of snap-import). */
const OF_THE_SYSTEM = [
  'address-not-available',
  'content-unstorable',
  'database-lost',
  'disk-full',
  'file-not-found',
  'internal-error',
  'not-a-file',
  'permission-denied',
];

class ExampleError extends StoreError {
  constructor(
    readonly code: string,
    message = 'jq_6.snap is not right',
  ) {
    super(message, { file: 'jq_6.snap' });
  }
}

function printed(error: unknown, format: 'text' | 'json'): string {
  let text = '';
  const sink = {
    isTerminal: false,
    hasColor: false,
    write: (part: string) => (text += part),
    flush: () => Promise.resolve(),
  };
  printError(sink, describeError(error), format);
  return text;
}

describe('exit codes', () => {
  it('are decided for every code that an error in the source can carry, and for no others', () => {
    const inSource = new Set<string>();
    for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
      const text = readFileSync(join(SOURCE, file), 'utf8');
      for (const [, code = ''] of text.matchAll(/readonly code(?:: string)? = '([a-z-]+)'/g)) inSource.add(code);
    }
    for (const code of OF_THE_SYSTEM) inSource.add(code);
    expect([...KNOWN_CODES].sort()).toEqual([...inSource].sort());
  });

  it.each([
    ['snap-refused', EXIT.verification],
    ['unknown-setting', EXIT.usage],
    ['database-unreachable', EXIT.unreachable],
    ['signature-required', EXIT.notAllowed],
    ['snap-not-held', EXIT.failed],
    ['never-heard-of', EXIT.failed],
  ])('%s ends a command with %i', (code, exitCode) => {
    expect(exitCodeOf(code)).toBe(exitCode);
    expect(describeError(new ExampleError(code)).exitCode).toBe(exitCode);
  });

  it.each([
    [{ code: 'ENOSPC' }, 'disk-full', EXIT.failed],
    [{ code: 'EACCES' }, 'permission-denied', EXIT.failed],
    [{ code: 'ENOENT' }, 'file-not-found', EXIT.failed],
    [{ code: '57P01' }, 'database-lost', EXIT.unreachable],
    [{ driverError: { code: '08006' } }, 'database-lost', EXIT.unreachable],
    [{ name: 'AbortError' }, 'interrupted', EXIT.failed],
    [{}, 'internal-error', EXIT.failed],
  ])('what the system throws as %j is %s', (fields, code, exitCode) => {
    expect(describeError(Object.assign(new Error('it failed'), fields))).toMatchObject({ code, exitCode });
  });

  it('say that a server which went away has gone', () => {
    expect(describeError(new Error('Connection terminated unexpectedly')).code).toBe('database-lost');
  });
});

describe('errors', () => {
  it('are one line, and a hint line where there is one', () => {
    expect(printed(new ExampleError('snap-refused'), 'text')).toBe('error: jq_6.snap is not right (snap-refused)\n');
    expect(printed(new UsageError('--a and --b do not go together', 'use one'), 'text')).toBe(
      'error: --a and --b do not go together (usage)\nhint: use one\n',
    );
  });

  it('stay one line and harmless whatever a hostile file is called', () => {
    const hostile = new ExampleError('snap-refused', 'evil\nerror: fake (ok)\u001b[2J\u202Egnp.snap is wrong');
    expect(printed(hostile, 'text')).toBe('error: evil error: fake (ok)[2Jgnp.snap is wrong (snap-refused)\n');
  });

  it('are one JSON document for machines', () => {
    const text = printed(new ExampleError('snap-refused'), 'json');
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(text)).toEqual({
      error: { code: 'snap-refused', message: 'jq_6.snap is not right', details: { file: 'jq_6.snap' } },
    });
  });
});
