import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import type { CommandLineIo } from './io.js';
import { buildProgram } from './program.js';
import { StoreCommand } from './store-command.js';

const DASHED = `-pJJ7hDn${'x'.repeat(56)}`;
const TWO_DASHES = `--${'y'.repeat(62)}`;
const HELP_LIKE = `-h${'z'.repeat(62)}`;

/** `tool signers remove [--name N] [--quiet] ID…` as its action is called. */
function parsed(...args: string[]): { ids: string[]; options: Record<string, unknown> } {
  let got: { ids: string[]; options: Record<string, unknown> } | null = null;
  const tool = new StoreCommand('tool').option('--format <format>').exitOverride();
  tool.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  tool
    .command('signers')
    .command('remove')
    .argument('<id...>')
    .option('--name <name>')
    .option('--quiet')
    .action((ids: string[], _own: object, command: Command) => {
      got = { ids, options: command.optsWithGlobals() };
    });
  tool.parse(['signers', 'remove', ...args], { from: 'user' });
  expect(got).not.toBeNull();
  return got!;
}

describe(StoreCommand.name, () => {
  it.each([DASHED, TWO_DASHES, HELP_LIKE])('takes the id %s as an argument', (id) => {
    expect(parsed(id).ids).toEqual([id]);
  });

  it('keeps arguments in order and options where they belong, before and after such an id', () => {
    expect(parsed('--quiet', 'first', DASHED, '--format', 'json', 'last', TWO_DASHES)).toEqual({
      ids: ['first', DASHED, 'last', TWO_DASHES],
      options: { format: 'json', quiet: true },
    });
  });

  it('takes such an id as the value of an option, too', () => {
    expect(parsed('x', '--name', DASHED, DASHED)).toEqual({ ids: ['x', DASHED], options: { name: DASHED } });
    expect(parsed('x', '--format', DASHED)).toEqual({ ids: ['x'], options: { format: DASHED } });
  });

  it('still takes it after "--"', () => {
    expect(parsed('--', DASHED, '--name').ids).toEqual([DASHED, '--name']);
  });

  it.each(['-p', '--nam', DASHED.slice(0, -1), `${DASHED}x`, `${DASHED.slice(0, -1)}=`])(
    'refuses %s as an unknown option',
    (arg) => {
      expect(() => parsed('x', arg)).toThrow(/unknown option/);
    },
  );

  it('is what every command of the program is, and none of its options has the form of an id', () => {
    const { program } = buildProgram({ stdout: {}, stderr: {} } as unknown as CommandLineIo);
    const walk = (command: Command): void => {
      expect(command).toBeInstanceOf(StoreCommand);
      for (const { long, short } of command.options) {
        expect([long?.length, short?.length]).not.toContain(64);
      }
      command.commands.forEach(walk);
    };
    walk(program);
  });
});
