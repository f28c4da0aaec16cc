import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';

import { InputNeededError, InterruptedError } from './cli.errors.js';
import type { CommandLineIo } from './io.js';
import { Prompter } from './prompt.js';

/** A terminal whose keys the test presses. */
function terminal() {
  const keyboard = Object.assign(new PassThrough(), { isTTY: true, raw: [] as boolean[] });
  const stdin = Object.assign(keyboard, {
    setRawMode: (isRaw: boolean) => {
      keyboard.raw.push(isRaw);
      return keyboard;
    },
  });
  const abort = new AbortController();
  let screen = '';
  const sink = {
    isTerminal: true,
    hasColor: false,
    write: (text: string) => (screen += text),
    flush: () => Promise.resolve(),
  };
  const io: CommandLineIo = { stdin, stdout: sink, stderr: sink, progressColumns: () => 80, signal: abort.signal };
  return { io, abort, keyboard, screen: () => screen };
}

describe(Prompter.name, () => {
  it('shows what is typed, except where it is hidden', async () => {
    const { io, keyboard, screen } = terminal();
    const answers = await Prompter.with(io, async (prompter) => {
      const typed = (text: string) => setImmediate(() => keyboard.write(text));
      typed('me@example.org\r');
      const email = await prompter.line('E-mail: ');
      typed('hunter2\r');
      return [email, await prompter.hidden('Password: ')];
    });
    expect(answers).toEqual(['me@example.org', 'hunter2']);
    expect(screen()).toContain('E-mail: ');
    expect(screen()).toContain('me@example.org');
    expect(screen()).toContain('Password: ');
    expect(screen()).not.toContain('hunter2');
    expect(screen()).not.toContain('h');
  });

  it('takes corrections, blanks inside of a password, and what was typed ahead', async () => {
    const { io, keyboard } = terminal();
    const answers = await Prompter.with(io, async (prompter) => {
      setImmediate(() => keyboard.write('wrong\x7f\x7f\x7f\x7f\x7f pass word \r  next  \r'));
      return [await prompter.hidden('? '), await prompter.line('? ')];
    });
    expect(answers).toEqual([' pass word ', 'next']);
  });

  it('does not show a password that was typed ahead', async () => {
    const { io, keyboard, screen } = terminal();
    await Prompter.with(io, async (prompter) => {
      setImmediate(() => keyboard.write('me@example.org\rhunter2\r'));
      return [await prompter.line('E-mail: '), await prompter.hidden('Password: ')];
    });
    expect(screen()).not.toContain('hunter');
  });

  it('asks twice for what nobody could check otherwise, until both are the same', async () => {
    const { io, keyboard, screen } = terminal();
    const answer = await Prompter.with(io, (prompter) => {
      setImmediate(() => keyboard.write('one\rother\rsame\rsame\r'));
      return prompter.hiddenTwice('New: ', 'Again: ');
    });
    expect(answer).toBe('same');
    expect(screen()).toContain('not the same');
  });

  it.each([
    ['Ctrl-C', '\x03', InterruptedError],
    ['Ctrl-D', '\x04', InputNeededError],
  ])('gives up at %s, and gives the terminal back', async (_, key, error) => {
    const { io, keyboard } = terminal();
    const asked = Prompter.with(io, (prompter) => {
      setImmediate(() => keyboard.write(key));
      return prompter.hidden('Password: ');
    });
    await expect(asked).rejects.toThrow(error);
    expect(keyboard.raw).toEqual([true, false]);
  });

  it('gives up when the command is told to stop', async () => {
    const { io, abort, keyboard } = terminal();
    const asked = Prompter.with(io, (prompter) => prompter.line('E-mail: '));
    abort.abort(new InterruptedError('interrupted by SIGTERM'));
    await expect(asked).rejects.toThrow('SIGTERM');
    expect(keyboard.raw.at(-1)).toBe(false);
  });

  it('asks nobody where there is no terminal', () => {
    const { io } = terminal();
    expect(Prompter.isPossible(io)).toBe(true);
    expect(Prompter.isPossible({ ...io, stdin: new PassThrough() })).toBe(false);
    expect(Prompter.isPossible({ ...io, stderr: { ...io.stderr, isTerminal: false } })).toBe(false);
  });
});
