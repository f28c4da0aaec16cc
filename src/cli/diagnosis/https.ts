import type { INestApplicationContext } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import type { Settings } from '../../platform/config/settings.js';
import type { RunningServerRecord } from '../../platform/process/running-servers.js';
import { probeTls } from '../probe.js';
import type { Check } from './doctor.js';

/** How HTTPS is set up, as far as settings and database tell. */
export interface HttpsFindings {
  /** Null: off. */
  readonly certificate: {
    readonly names: readonly string[];
    readonly validTo: Date;
    readonly fingerprint256: string;
  } | null;
  /** What devices hold against it, or will within a month; fatal ones first. */
  readonly problems: readonly { readonly isFatal: boolean; readonly message: string }[];
}

/** Also opens the key: what cannot be opened is off for the server too. */
export async function readHttps(store: INestApplicationContext): Promise<HttpsFindings> {
  const [{ CertificateService }, { Settings }, { StoreUrl }] = await Promise.all([
    import('../../modules/https/index.js'),
    import('../../platform/config/settings.js'),
    import('../../platform/http/store-url.js'),
  ]);
  const certificates = store.get(CertificateService);
  const settings = store.get(Settings);
  const registered = store.get(StoreUrl).get();
  try {
    const certificate = await certificates.current();
    if (certificate === null) {
      return {
        certificate: null,
        problems: [...halfSet(settings), ...registeredOtherwise(registered, 'http', settings)],
      };
    }
    await certificates.serving();
    const problems = [
      ...(await certificates.check(settings.get('proxy.domain'), new Date())),
      ...registeredOtherwise(registered, 'https', settings),
    ];
    return { certificate, problems: problems.sort((a, b) => Number(b.isFatal) - Number(a.isFatal)) };
  } catch (error) {
    return {
      certificate: null,
      problems: [{ isFatal: true, message: `the certificate cannot be used: ${messageOf(error)}` }],
    };
  }
}

/** The `https` line of `status`: `running`, `off` or `not running`, with a reason in parentheses where there is one. */
export async function httpsService(
  { certificate, problems }: HttpsFindings,
  servers: readonly RunningServerRecord[],
): Promise<string> {
  const [problem] = problems;
  if (certificate === null) return `off (${problem?.message ?? 'no certificate, import-certificate sets one'})`;
  const [server] = servers;
  if (server === undefined) return 'not running';
  const state = await servingState(server, certificate.fingerprint256);
  if (state !== null) return `not running (${state})`;
  return problem === undefined ? 'running' : `running (${problem.message})`;
}

/** The `https` line of `doctor`. */
export function checkHttps({ certificate, problems }: HttpsFindings): Check {
  const [problem] = problems;
  if (problem !== undefined) {
    const all = problems.map(({ message }) => message).join('; ');
    return { name: 'https', state: problem.isFatal ? 'failed' : 'warning', message: all };
  }
  if (certificate === null) {
    return { name: 'https', state: 'ok', message: 'off; "snap-store-proxy import-certificate" turns it on' };
  }
  const { names, validTo } = certificate;
  return {
    name: 'https',
    state: 'ok',
    message: `for ${names.join(', ')}, until ${validTo.toISOString().slice(0, 10)}`,
  };
}

async function servingState(server: RunningServerRecord, fingerprint: string): Promise<string | null> {
  if (server.secureAddress === null) return 'the server has not taken up the certificate, its log says why';
  const { problem, fingerprint256 } = await probeTls(server.secureAddress);
  if (problem !== null) return problem;
  return fingerprint256 === fingerprint ? null : 'the server shows another certificate, its log says why';
}

/** Devices were told a URL, and it is for good: the store has to answer there. */
function registeredOtherwise(
  url: string | null,
  scheme: 'http' | 'https',
  settings: Settings,
): HttpsFindings['problems'] {
  if (url === null || url.startsWith(`${scheme}:`) || settings.flag('proxy.trust-forwarded-proto')) return [];
  const consequence =
    scheme === 'https'
      ? 'devices are sent on to HTTPS with every request'
      : 'without a certificate devices do not reach it, unless a reverse proxy ends TLS in front';
  return [{ isFatal: false, message: `the store is registered as ${url}; ${consequence}` }];
}

function halfSet(settings: Settings): HttpsFindings['problems'] {
  const [set, unset] =
    settings.get('proxy.tls.cert') === null ? ['proxy.tls.key', 'proxy.tls.cert'] : ['proxy.tls.cert', 'proxy.tls.key'];
  return settings.get(set) === null ? [] : [{ isFatal: false, message: `${set} is set without ${unset}` }];
}
