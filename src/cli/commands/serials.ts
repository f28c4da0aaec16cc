import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { BRAND_HELP, type BrandOption } from '../model-service/brand.js';
import type { RevokeOptions, SerialsOptions } from '../model-service/serials.js';

export function addSerials(parent: Command, commandLine: CommandLine): void {
  const serials = parent
    .command('serials')
    .description('see which devices were given serials here, and take them back');
  example(serials, 'snap-store-proxy serials list');
  const listing = serials
    .command('list')
    .description('list the serials that were given out, the oldest first')
    .option('--model <name>', 'those of one model')
    .option('--brand <account>', 'those of one brand')
    .action((options: SerialsOptions) =>
      commandLine.run(async (session) => {
        const { listSerials } = await import('../model-service/serials.js');
        return listSerials(session, options);
      }),
    );
  example(listing, 'snap-store-proxy serials list --model model-a --format json');
  const showing = serials
    .command('show')
    .description('show a serial: the assertion that the device has, and what it asked for it with')
    .argument('<model>', 'as "serials list" prints it')
    .argument('<serial>', 'as "serials list" prints it')
    .option('--brand <account>', BRAND_HELP)
    .action((model: string, serial: string, options: BrandOption) =>
      commandLine.run(async (session) => {
        const { showSerial } = await import('../model-service/serials.js');
        return showSerial(session, { model, serial }, options);
      }),
    );
  example(showing, 'snap-store-proxy serials show model-a 7c1f2a9e-4b1d-4f0e-9d57-0c8e7a3b5d21');
  const revoking = serials
    .command('revoke')
    .description('give this serial to nobody any more, and its device neither another one nor sessions with this store')
    .argument('<model>', 'as "serials list" prints it')
    .argument('<serial>', 'as "serials list" prints it')
    .option('--brand <account>', BRAND_HELP)
    .option('--reason <text>', 'for who reads the list later', '')
    .action((model: string, serial: string, options: RevokeOptions) =>
      commandLine.run(async (session) => {
        const { revokeSerial } = await import('../model-service/serials.js');
        return revokeSerial(session, { model, serial }, options);
      }),
    );
  example(revoking, 'snap-store-proxy serials revoke model-a A-0001 --reason stolen');
}
