import { Argument, type Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { completionScript, SHELLS, type Shell } from '../completion.js';
import { example } from '../example.js';

export function addCompletion(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'whose script to print').choices(SHELLS))
    .action((shell: Shell) =>
      commandLine.run((session) => {
        session.out.raw(completionScript(shell, parent));
        return Promise.resolve(undefined);
      }),
    );
  example(
    command,
    'snap-store-proxy completion bash | sudo tee /etc/bash_completion.d/snap-store-proxy',
    'source <(snap-store-proxy completion zsh)',
    'snap-store-proxy completion fish > ~/.config/fish/completions/snap-store-proxy.fish',
  );
}
