import { isLoopbackHost } from '../../kernel/loopback.js';
import { messageOf } from '../../kernel/store-error.js';
import { UsageError } from '../cli.errors.js';
import { readSmallFile } from '../input.js';
import { aborted } from '../serving/serve-alone.js';
import type { Session } from '../session.js';

export interface ServeAuthorityOptions {
  readonly host: string;
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly questions?: string;
  readonly url?: string;
}

/** Runs the authority until the session's signal says stop. */
export async function serveAuthority(session: Session, options: ServeAuthorityOptions): Promise<undefined> {
  // Read before another user of the machine takes over.
  const tls = await readTls(options);
  const questions = await readQuestions(options.questions ?? null);
  const url = options.url === undefined ? null : checkedUrl(options.url);
  const host = options.host.replace(/^\[(.*)\]$/, '$1');
  if (tls === null && !isLoopbackHost(host)) {
    throw new UsageError(
      `passwords would cross the network in clear: ${options.host} needs TLS`,
      'give --tls-cert and --tls-key, or --host 127.0.0.1',
    );
  }
  const { startAuthority } = await import('../../authority-server.js');
  await session.becomeOwner();
  const authority = await startAuthority({
    dataDir: session.dataDir,
    settings: await session.bootstrapSettings(),
    loggers: await session.loggers('info'),
    host,
    port: options.port,
    tls,
    questions,
    url,
  });
  try {
    session.out.event({ listening: { url: authority.url, authority: authority.accountId } });
    session.out.text(`The registration authority ${authority.accountId} listens on ${authority.url}; Ctrl-C stops it.`);
    session.out.text('Connected sides reach it with:');
    session.out.text(
      `  snap-store-proxy config proxy.dashboard.location=${authority.url} proxy.sso.location=${authority.url}`,
    );
    await aborted(session.signal);
  } finally {
    await authority.close();
  }
  session.out.text('Stopped.');
}

async function readTls({ tlsCert, tlsKey }: ServeAuthorityOptions) {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) throw new UsageError('--tls-cert and --tls-key go together');
  const { createSecureContext } = await import('node:tls');
  const pair = {
    cert: (await readSmallFile(tlsCert)).toString('utf8'),
    key: (await readSmallFile(tlsKey)).toString('utf8'),
  };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new UsageError(`${tlsCert} and ${tlsKey} are no certificate with its key: ${messageOf(error)}`);
  }
  return pair;
}

async function readQuestions(file: string | null) {
  if (file === null) return [];
  const { parseQuestions } = await import('../../formats/registration-protocol/index.js');
  const text = (await readSmallFile(file)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${messageOf(error)}`);
  }
  return parseQuestions(value);
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new UsageError(`"${text}" is no http or https URL`);
}
