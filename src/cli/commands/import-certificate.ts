import type { Command } from 'commander';

import type { TakenCertificate } from '../../modules/https/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { readInput } from '../input.js';
import type { Session } from '../session.js';

interface ImportOptions {
  readonly selfsigned?: boolean;
}

export function addImportCertificate(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('import-certificate')
    .description(
      'answer over HTTPS with a certificate: PEM of certificate, key and intermediates on standard input, in any order; a ' +
        'running store takes it up at once, and sends HTTP to HTTPS',
    )
    .option('--selfsigned', 'make one for proxy.domain, signed by an authority of this store; prints that authority')
    .action((options: ImportOptions) =>
      commandLine.run((session) => (options.selfsigned === true ? selfSign(session) : importPem(session))),
    );
  example(
    command,
    'cat fullchain.pem privkey.pem | snap-store-proxy import-certificate',
    'snap-store-proxy import-certificate --selfsigned > store-ca.pem',
    'snap set system store-certs.snap-store-proxy="$(cat store-ca.pem)"   (on each device)',
    'snap-store-proxy config proxy.tls.key=   (back to HTTP)',
  );
}

async function importPem(session: Session): Promise<undefined> {
  const pem = await readInput(session.io, 'a certificate with its private key (PEM)');
  await session.withStore(async (store) => {
    const [{ CertificateService }, { Settings }] = await services();
    const domain = store.get(Settings).get('proxy.domain');
    const taken = await store.get(CertificateService).import(pem, { domain });
    session.out.result(describe(taken), () => sentence(taken));
    if (domain === null) {
      session.out.note('proxy.domain is not set, so nobody has checked that the certificate is for its name');
    }
    warn(session, taken, store.get(Settings).lookup('proxy.tls.cert').source);
  });
}

async function selfSign(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const [{ CertificateService }, { Settings }] = await services();
    const settings = store.get(Settings);
    const taken = await store.get(CertificateService).selfSign({ domain: settings.get('proxy.domain') });
    session.out.note(sentence(taken));
    const audience = taken.isNewAuthority
      ? 'Devices have to trust the authority below'
      : 'It is signed by the same authority as before, the one below; devices that trust that need nothing new';
    session.out.note(
      `${audience}: snap set system store-certs.snap-store-proxy="$(cat FILE)", or what client-config prints`,
    );
    const { caPem, isNewAuthority } = taken;
    session.out.result({ ...describe(taken), caPem, isNewAuthority }, () => caPem);
    warn(session, taken, settings.lookup('proxy.tls.cert').source);
  });
}

function services() {
  return Promise.all([import('../../modules/https/index.js'), import('../../platform/config/settings.js')]);
}

function describe({ certificate, warnings }: TakenCertificate): object {
  return { certificate, warnings: warnings.map(({ kind, message }) => ({ kind, message })) };
}

function sentence({ certificate: { names, issuer, validTo } }: TakenCertificate): string {
  const until = validTo.toISOString().slice(0, 10);
  return `The certificate for ${names.join(', ')} is in use, issued by ${issuer}, valid until ${until}.`;
}

function warn(session: Session, { warnings }: TakenCertificate, source: string): void {
  for (const { message } of warnings) session.out.note(message);
  if (source !== 'stored') session.out.note(`it is stored, but the ${source} has another say for now`);
}
