import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { parseQuestions } from '../../formats/registration-protocol/index.js';
import { CredentialsRefusedError, OtpRefusedError } from '../../modules/registration/index.js';
import { InputNeededError } from '../cli.errors.js';
import type { CommandLineIo } from '../io.js';
import { OperatorAtTerminal, type PreparedAnswers } from './registrant.js';

const QUESTIONS = parseQuestions([
  { id: 'use', type: 'choice', text: 'What is it for?', required: true, choices: ['lab', 'production'] },
  { id: 'owner', type: 'text', text: 'Who runs it?' },
  { id: 'backups', type: 'bool', text: 'Is it backed up?' },
]);
const OPTIONAL = QUESTIONS.filter(({ required }) => !required);
const NOTHING_PREPARED: PreparedAnswers = { given: null, areSkipped: false };
const wrong = new CredentialsRefusedError('the identity provider does not let you in');

/** Somebody who types these lines, each at the question that comes; nobody where there are none. */
function operator(lines: readonly string[] | null, prepared: PreparedAnswers = NOTHING_PREPARED) {
  const isTTY = lines !== null;
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => stdin });
  let screen = '';
  const rest = [...(lines ?? [])];
  const stderr = {
    isTerminal: isTTY,
    hasColor: false,
    write: (text: string) => {
      screen += text;
      if (/(: |> )$/.test(text) && rest.length > 0) setImmediate(() => stdin.write(`${rest.shift() ?? ''}\r`));
    },
    flush: () => Promise.resolve(),
  };
  const io: CommandLineIo = {
    stdin,
    stdout: stderr,
    stderr,
    progressColumns: () => null,
    signal: new AbortController().signal,
  };
  const makeRoom = vi.fn();
  return { io, person: new OperatorAtTerminal(io, prepared, makeRoom), screen: () => screen, makeRoom };
}

beforeEach(() => {
  for (const name of ['SNAPSTORE_EMAIL', 'SNAPSTORE_PASSWORD', 'SNAPSTORE_OTP']) vi.stubEnv(name, '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the account', () => {
  it('comes from the environment, and is not asked for again where it is refused', async () => {
    vi.stubEnv('SNAPSTORE_EMAIL', 'ops@example.org');
    vi.stubEnv('SNAPSTORE_PASSWORD', 'planted');
    const { person, io, makeRoom } = operator(['never asked']);
    OperatorAtTerminal.mustBeKnown(io);
    expect(await person.credentials(null)).toEqual({ email: 'ops@example.org', password: 'planted' });
    await expect(person.credentials(wrong)).rejects.toBe(wrong);
    expect(makeRoom).not.toHaveBeenCalled();
  });

  it('is asked for as far as the environment does not say', async () => {
    vi.stubEnv('SNAPSTORE_EMAIL', 'ops@example.org');
    const { person, screen, makeRoom } = operator(['planted']);
    expect(await person.credentials(null)).toEqual({ email: 'ops@example.org', password: 'planted' });
    expect(screen()).not.toContain('E-mail');
    expect(screen()).not.toContain('planted');
    expect(makeRoom).toHaveBeenCalledOnce();
  });

  it('may be corrected twice', async () => {
    const { person, screen } = operator(['a@example.org', 'one', 'b@example.org', 'two', 'c@example.org', 'three']);
    await person.credentials(null);
    expect(await person.credentials(wrong)).toEqual({ email: 'b@example.org', password: 'two' });
    expect(await person.credentials(wrong)).toEqual({ email: 'c@example.org', password: 'three' });
    await expect(person.credentials(wrong)).rejects.toBe(wrong);
    expect(screen()).toContain(wrong.message);
  });

  it('is missed before anybody is contacted where nobody can be asked', async () => {
    const { person, io } = operator(null);
    expect(() => {
      OperatorAtTerminal.mustBeKnown(io);
    }).toThrow('set SNAPSTORE_EMAIL and SNAPSTORE_PASSWORD');
    await expect(person.credentials(null)).rejects.toThrow(InputNeededError);
  });
});

describe('a one-time password', () => {
  it('comes from the environment once', async () => {
    vi.stubEnv('SNAPSTORE_OTP', '123456');
    const { person } = operator(['never asked']);
    expect(await person.otp(null)).toBe('123456');
    const used = new OtpRefusedError('it was used before');
    await expect(person.otp(used)).rejects.toBe(used);
  });

  it('is asked for otherwise, or said to be missing', async () => {
    expect(await operator(['654 321']).person.otp(null)).toBe('654 321');
    await expect(operator(null).person.otp(null)).rejects.toThrow('set SNAPSTORE_OTP');
  });
});

describe('the questions', () => {
  it('are put one by one, and again where an answer does not fit', async () => {
    const { person, screen } = operator(['3', 'nothing', '2', '', 'perhaps', 'No']);
    expect(await person.answers(QUESTIONS)).toEqual({ use: 'production', backups: false });
    expect(screen()).toContain('  1) lab');
    expect(screen()).toContain('is none of: lab, production');
    expect(screen()).toContain('is neither true nor false');
  });

  it('are answered by a file, as it is', async () => {
    const given = { use: 'lab' };
    expect(await operator(null, { given, areSkipped: false }).person.answers(QUESTIONS)).toBe(given);
  });

  it('are skipped where none is required', async () => {
    const prepared = { given: null, areSkipped: true };
    expect(await operator(null, prepared).person.answers(OPTIONAL)).toEqual({});
    await expect(operator(['1'], prepared).person.answers(QUESTIONS)).rejects.toThrow(/answered: use;/);
  });

  it('say how they can be answered where nobody can be asked', async () => {
    await expect(operator(null).person.answers(QUESTIONS)).rejects.toThrow(
      'use (required), owner, backups; give --answers FILE',
    );
  });
});
