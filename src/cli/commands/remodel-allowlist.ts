import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { BRAND_HELP, type BrandOption } from '../model-service/brand.js';
import type { AllowOptions } from '../model-service/remodel-allowlist.js';
import { parseRevision } from '../options.js';

export function addRemodelAllowlist(parent: Command, commandLine: CommandLine): void {
  const allowlist = parent
    .command('remodel-allowlist')
    .description('say which devices that have a serial may become devices of another model of their brand');
  example(allowlist, 'snap-store-proxy remodel-allowlist add model-a model-b');
  const listing = allowlist
    .command('list')
    .description('show who may become what')
    .option('--brand <account>', 'those of one brand')
    .action((options: BrandOption) =>
      commandLine.run(async (session) => {
        const { listRemodels } = await import('../model-service/remodel-allowlist.js');
        return listRemodels(session, options);
      }),
    );
  example(listing, 'snap-store-proxy remodel-allowlist list');
  const adding = allowlist
    .command('add')
    .description('let devices of one model become devices of another; adding it again changes the description')
    .argument('<from-model>', 'the model that they have')
    .argument('<to-model>', 'the model that they may have')
    .option('--brand <account>', BRAND_HELP)
    .option('--serial <serial>', 'this device alone', '')
    .option('--description <text>', 'for who reads the list later', '')
    .action((fromModel: string, toModel: string, options: AllowOptions) =>
      commandLine.run(async (session) => {
        const { allowRemodel } = await import('../model-service/remodel-allowlist.js');
        return allowRemodel(session, { fromModel, toModel }, options);
      }),
    );
  example(adding, 'snap-store-proxy remodel-allowlist add model-a model-b --serial A-0001');
  const removing = allowlist
    .command('remove')
    .description('take an entry from the list; what has become something stays it')
    .argument('<id>', 'as "remodel-allowlist list" prints it', parseRevision)
    .action((id: number) =>
      commandLine.run(async (session) => {
        const { forbidRemodel } = await import('../model-service/remodel-allowlist.js');
        return forbidRemodel(session, id);
      }),
    );
  example(removing, 'snap-store-proxy remodel-allowlist remove 3');
}
