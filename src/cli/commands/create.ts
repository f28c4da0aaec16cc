import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { BRAND_HELP } from '../model-service/brand.js';
import type { CreateKeyOptions, CreateModelOptions, CreatePolicyOptions } from '../model-service/create.js';
import { parseNumber } from '../options.js';

const DEVICE_LIMIT = { usual: 10_000, most: 10_000_000 };

export function addCreate(parent: Command, commandLine: CommandLine): void {
  const create = parent
    .command('create')
    .description("make a brand's key, a model, or say how a model's serials are signed");
  example(create, 'snap-store-proxy create model model-a --brand acme --api-key new');
  const key = create
    .command('key')
    .description(
      'make a key that signs in the name of a brand, in the PKCS#11 token that proxy.hsm.module configures, else sealed in this store',
    )
    .argument('<name>', 'what to call it: lower case letters, digits and dashes')
    .option('--brand <account>', BRAND_HELP)
    .option('--token', 'in the token, and in nothing else')
    .option('--software', 'sealed in this store, although there is a token')
    .option('--from <file>', 'take in this private RSA key, PEM or armored OpenPGP; - for standard input')
    .option('--object <id>', 'put a key pair to use that is in the token already, by its CKA_ID in hex')
    .option('--force', 'with --from and --object: bring back a key that was retired')
    .action((name: string, options: CreateKeyOptions) =>
      commandLine.run(async (session) => {
        const { createKey } = await import('../model-service/create.js');
        return createKey(session, name, options);
      }),
    );
  example(
    key,
    'snap-store-proxy create key serials --brand acme',
    'snap-store-proxy create key serials --brand acme --from serials.pem',
  );
  const model = create
    .command('model')
    .description(
      'make a model whose devices register here; its API key is asked for, or taken from MODEL_API_KEY, and "new" makes one',
    )
    .argument('<name>', 'as the model assertion has it')
    .option('--brand <account>', BRAND_HELP)
    .option('--api-key <key>', 'what its devices send in the header "api-key"; others on the machine can see it here')
    .option('--no-api-key', 'let its devices register without one')
    .option('--force', 'give a model that is there another API key')
    .action((name: string, options: CreateModelOptions) =>
      commandLine.run(async (session) => {
        const { createModel } = await import('../model-service/create.js');
        return createModel(session, name, options);
      }),
    );
  example(
    model,
    'snap-store-proxy create model model-a --api-key new',
    'snap-store-proxy create model lab --no-api-key',
  );
  const policy = create
    .command('serial-policy')
    .description(
      'say with which key the serials of a model are signed from now on; the key signs once to show that it can',
    )
    .option('--model <name>', 'which model; asked for at a terminal')
    .option('--key <key>', 'its SHA3-384, or its name; asked for at a terminal')
    .option('--brand <account>', BRAND_HELP)
    .option(
      '--device-limit <number>',
      'how many devices of the model may register',
      parseNumber(1, DEVICE_LIMIT.most),
      DEVICE_LIMIT.usual,
    )
    .option('--ignore-proposed', 'give every device a serial of its own making, whatever it proposes')
    .action((options: CreatePolicyOptions) =>
      commandLine.run(async (session) => {
        const { createSerialPolicy } = await import('../model-service/create.js');
        return createSerialPolicy(session, options);
      }),
    );
  example(policy, 'snap-store-proxy create serial-policy --model model-a --key serials');
}

export function addDelete(parent: Command, commandLine: CommandLine): void {
  const remove = parent
    .command('delete')
    .description('take back a model or its serial policy; serials that were given out stay known');
  example(remove, 'snap-store-proxy delete serial-policy model-a');
  const model = remove
    .command('model')
    .description('let no more devices of a model register here')
    .argument('<name>', 'as "list models" prints it')
    .option('--brand <account>', BRAND_HELP)
    .action((name: string, options: { readonly brand?: string }) =>
      commandLine.run(async (session) => {
        const { deleteModel } = await import('../model-service/delete.js');
        return deleteModel(session, name, options);
      }),
    );
  example(model, 'snap-store-proxy delete model model-a');
  const policy = remove
    .command('serial-policy')
    .description('sign no more serials of a model, and keep the model')
    .argument('<model>', 'as "list models" prints it')
    .option('--brand <account>', BRAND_HELP)
    .action((name: string, options: { readonly brand?: string }) =>
      commandLine.run(async (session) => {
        const { deleteSerialPolicy } = await import('../model-service/delete.js');
        return deleteSerialPolicy(session, name, options);
      }),
    );
  example(policy, 'snap-store-proxy delete serial-policy model-a');
}
