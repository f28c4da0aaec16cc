import { CommanderError } from 'commander';

import { messageOf, StoreError, type ErrorDetails } from '../kernel/store-error.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { InterruptedError, UsageError } from './cli.errors.js';
import { exitCodeOf, hintFor } from './error-codes.js';
import type { TextSink } from './io.js';
import type { Format } from './output.js';

/** An error as its reader gets it. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly hint: string | null;
  readonly exitCode: ExitCode;
}

export function describeError(thrown: unknown): ReportedError {
  if (thrown instanceof UsageError) return reported(thrown.code, thrown.message, thrown.details, thrown.hint);
  if (thrown instanceof StoreError) return reported(thrown.code, thrown.message, thrown.details);
  if (thrown instanceof CommanderError) return fromCommander(thrown);
  if (isAbort(thrown)) return describeError(new InterruptedError('interrupted; nothing was left half-done'));
  const systemCode = codeOf(thrown);
  const code = SYSTEM_CODES.find(([pattern]) => pattern.test(systemCode))?.[1] ?? 'internal-error';
  return reported(code, messageOf(thrown), {});
}

/** `error: WHAT (CODE)` and a hint line where there is one; one JSON document with `--format json`. */
export function printError(stderr: TextSink, error: ReportedError, format: Format): void {
  if (format === 'json') {
    const { code, message, details, hint } = error;
    const described = { code, message, details, ...(hint === null ? {} : { hint }) };
    stderr.write(`${JSON.stringify({ error: described })}\n`);
    return;
  }
  stderr.write(`error: ${oneLine(error.message)} (${error.code})\n`);
  if (error.hint !== null) stderr.write(`hint: ${oneLine(error.hint)}\n`);
}

/** Codes of Node.js (errno) and PostgreSQL (SQLSTATE) that can come through unwrapped. */
const SYSTEM_CODES: readonly (readonly [RegExp, string])[] = [
  [/^ENOENT$|^ENOTDIR$/, 'file-not-found'],
  [/^EACCES$|^EPERM$|^EROFS$/, 'permission-denied'],
  [/^EISDIR$/, 'not-a-file'],
  [/^ENOSPC$|^EDQUOT$|^53100$/, 'disk-full'],
  [/^EADDRINUSE$/, 'port-in-use'],
  [/^EADDRNOTAVAIL$/, 'address-not-available'],
  [/^08|^57P0|^ECONNREFUSED$|^ECONNRESET$|^EPIPE$/, 'database-lost'],
];

function reported(code: string, message: string, details: ErrorDetails, hint = hintFor(code)): ReportedError {
  return { code, message, details, hint, exitCode: exitCodeOf(code) };
}

/** Commander writes `error: unknown option '--chanel'\n(Did you mean --channel?)`. */
function fromCommander(error: CommanderError): ReportedError {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = suggestion?.replace(/^\(|\)$/g, '') ?? 'see "snap-store-proxy --help", or --help after any command';
  return { ...reported('usage', message, {}, hint), exitCode: EXIT.usage };
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'AbortError' || codeOf(thrown) === 'ABORT_ERR');
}

function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return '';
  const { code, driverError, message } = thrown as {
    code?: unknown;
    driverError?: { code?: unknown };
    message?: unknown;
  };
  if (typeof code === 'string') return code;
  if (typeof driverError?.code === 'string') return driverError.code;
  // pg says this of a server that went away, without a code.
  return typeof message === 'string' && message.startsWith('Connection terminated') ? '08006' : '';
}

/** Names out of hostile files must not break the line or speak to the terminal. */
function oneLine(text: string): string {
  return text
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
}
