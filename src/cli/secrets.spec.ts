import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { CommandLineIo } from './io.js';
import { readSecret } from './secrets.js';

const QUESTION = { what: 'the passphrase of store.pem', variable: 'PROXY_TEST_SECRET' };

afterEach(() => {
  vi.unstubAllEnvs();
});

function world({ isTTY, isSeen = isTTY }: { isTTY: boolean; isSeen?: boolean }) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const shown = { text: '' };
  const stderr = {
    isTerminal: isSeen,
    hasColor: false,
    write: (text: string) => (shown.text += text),
    flush: () => Promise.resolve(),
  };
  const { signal } = new AbortController();
  const io: CommandLineIo = { stdin, stdout: stderr, stderr, progressColumns: () => null, signal };
  return { io, stdin, shown };
}

describe(readSecret.name, () => {
  it('takes the environment before all else', async () => {
    vi.stubEnv(QUESTION.variable, 'from the environment');
    expect(await readSecret(world({ isTTY: true }).io, QUESTION)).toBe('from the environment');
  });

  it('takes the first line of standard input where there is no terminal, without waiting for its end', async () => {
    const { io, stdin } = world({ isTTY: false });
    stdin.write('from a pi');
    stdin.write('pe \r\nmore');
    expect(await readSecret(io, QUESTION)).toBe('from a pipe ');
  });

  it.each([{ isTTY: false }, { isTTY: true, isSeen: false }])('says how to give it where %j', async (where) => {
    const { io, stdin } = world(where);
    stdin.end();
    await expect(readSecret(io, QUESTION)).rejects.toMatchObject({
      code: 'input-needed',
      message: expect.stringMatching(/store\.pem is needed: in PROXY_TEST_SECRET, or as the first line/) as string,
    });
  });

  it('asks on a terminal; for a new one until both answers are the same', async () => {
    const { io, stdin, shown } = world({ isTTY: true });
    stdin.write('planted one\r');
    expect(await readSecret(io, QUESTION)).toBe('planted one');
    stdin.write('planted one\rplanted two\rplanted three\rplanted three\r');
    expect(await readSecret(io, { ...QUESTION, isNew: true })).toBe('planted three');
    expect(shown.text).toContain('The passphrase of store.pem: \nAgain: \n');
    expect(shown.text).not.toContain('planted');
  });
});
