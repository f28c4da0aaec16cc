import type { Command } from 'commander';

import type { AddOperatorOptions } from '../authority/operators.js';
import type { InitOptions } from '../authority/init.js';
import type { ServeAuthorityOptions } from '../authority/serve.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseNumber } from '../options.js';

const DEFAULT_PORT = 8090;

export function addAuthority(parent: Command, commandLine: CommandLine): void {
  const authority = parent
    .command('authority')
    .description('be a registration authority: issue store assertions under a root of trust of your own');
  example(authority, 'snap-store-proxy authority init acme-lab');
  const initializing = authority
    .command('init')
    .description('make this installation an authority, with a new root or an existing one')
    .argument('[name]', 'the account id of a new root: lower case letters, digits and dashes')
    .option('--account <file>', 'the account assertion of an existing root')
    .option('--account-key <file>', 'the account-key assertion of its key, and of those that it stands on')
    .option('--key <file>', 'its private RSA key, in PEM or armored OpenPGP')
    .action((name: string | undefined, options: InitOptions) =>
      commandLine.run(async (session) => {
        const { initAuthority } = await import('../authority/init.js');
        return initAuthority(session, name ?? null, options);
      }),
    );
  example(
    initializing,
    'snap-store-proxy authority init acme-lab',
    'snap-store-proxy authority init --account root.account --account-key root.account-key --key root.asc',
  );
  const adding = authority
    .command('add-operator')
    .description(
      'let somebody register stores; the password is asked for, or comes in SNAPSTORE_PASSWORD or on standard input',
    )
    .argument('<email>', 'what he logs in with')
    .option('--totp', 'ask him for one-time passwords too, and print the secret for his authenticator app')
    .option('--reset', 'of somebody who is there: set password and second factor again')
    .action((email: string, options: AddOperatorOptions) =>
      commandLine.run(async (session) => {
        const { addOperator } = await import('../authority/operators.js');
        return addOperator(session, email, options);
      }),
    );
  example(adding, 'snap-store-proxy authority add-operator ops@example.org --totp');
  const serving = authority
    .command('serve')
    .description('answer registrations and log-ins until it is told to stop')
    .option('--host <host>', 'the address to listen on; other than loopback it needs TLS', '127.0.0.1')
    .option('--port <port>', 'the port', parseNumber(0, 65535), DEFAULT_PORT)
    .option('--tls-cert <file>', 'its certificate and the intermediate ones, in PEM')
    .option('--tls-key <file>', "the certificate's key, in PEM")
    .option('--questions <file>', 'what to ask whoever registers: a JSON list (docs/registration-protocol.md)')
    .option('--url <url>', 'where clients reach it, if a reverse proxy in front does not pass "Host" on')
    .action((options: ServeAuthorityOptions) =>
      commandLine.run(async (session) => {
        const { serveAuthority } = await import('../authority/serve.js');
        return serveAuthority(session, options);
      }),
    );
  example(
    serving,
    'snap-store-proxy authority serve',
    'snap-store-proxy authority serve --host 0.0.0.0 --port 443 --tls-cert authority.pem --tls-key authority.key',
  );
  const listing = authority
    .command('list')
    .description('show the authority, who may register, and what is registered')
    .action(() =>
      commandLine.run(async (session) => {
        const { listAuthority } = await import('../authority/operators.js');
        return listAuthority(session);
      }),
    );
  example(listing, 'snap-store-proxy authority list --format json');
}
