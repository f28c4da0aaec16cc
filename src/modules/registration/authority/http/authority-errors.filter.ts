import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';

import { messageOf, StoreError } from '../../../../kernel/store-error.js';
import { type Logger, LoggerFactory } from '../../../../platform/logging/logger.js';
import { TooManyRequestsError } from '../authority.errors.js';

/** The status of each refusal that a client of an authority can meet (docs/registration-protocol.md). */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  'bad-request': 400,
  'too-many-bytes': 413,
  'answer-invalid': 400,
  'registration-request-invalid': 400,
  'invalid-credentials': 401,
  'twofactor-required': 401,
  'twofactor-failure': 403,
  'authorization-invalid': 401,
  'registration-denied': 403,
  'nonce-unknown': 409,
  'too-many-requests': 429,
};

/**
 * Refusals in the form that clients of identity providers read: `code` in capitals, as snapd does, and `error_list`, as snapcraft does.
 * What fails here by itself stays in the log.
 */
@Catch()
export class AuthorityErrorsFilter implements ExceptionFilter {
  private readonly log: Logger;

  constructor(loggers: LoggerFactory) {
    this.log = loggers.named('authority');
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, code, message } = this.describe(error);
    if (error instanceof TooManyRequestsError) response.setHeader('retry-after', String(error.retryAfterSeconds));
    response.status(status).json({
      code: code.toUpperCase().replaceAll('-', '_'),
      message,
      extra: {},
      error_list: [{ code, message }],
    });
  }

  private describe(error: unknown): { readonly status: number; readonly code: string; readonly message: string } {
    if (error instanceof StoreError) {
      const status = STATUS_OF_CODE[error.code];
      if (status !== undefined) return { status, code: error.code, message: error.message };
    }
    if (error instanceof HttpException && error.getStatus() < 500) {
      return {
        status: error.getStatus(),
        code: error.getStatus() === 404 ? 'not-found' : 'bad-request',
        message: error.message,
      };
    }
    this.log.error({ reason: messageOf(error) }, 'a request failed');
    return { status: 500, code: 'internal-error', message: 'the authority failed to answer this; its log says why' };
  }
}
