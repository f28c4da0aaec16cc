import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { BRAND_HELP, type BrandOption } from '../model-service/brand.js';

export function addList(parent: Command, commandLine: CommandLine): void {
  const list = parent.command('list').description('show what brands have here: keys, models, serial policies');
  example(list, 'snap-store-proxy list models');
  const kinds = [
    ['keys', 'the keys of brands, retired ones too; the store\'s own are in "keys list"', 'listKeys'],
    ['models', 'the models whose devices register here', 'listModels'],
    ['serial-policies', 'with which keys serials are signed, and were before', 'listSerialPolicies'],
  ] as const;
  for (const [name, description, show] of kinds) {
    const command = list
      .command(name)
      .description(description)
      .option('--brand <account>', `${BRAND_HELP.split(' (')[0] ?? ''}; all of them otherwise`)
      .action((options: BrandOption) =>
        commandLine.run(async (session) => {
          const lists = await import('../model-service/lists.js');
          return lists[show](session, options);
        }),
      );
    example(command, `snap-store-proxy list ${name}`);
  }
}
