import type { LoggerService } from '@nestjs/common';
import { pino, type Logger as PinoLogger } from 'pino';

/** Structured logging: `log.warn({ snap: 'jq' }, 'what happened')`. Values of secrets never get in. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>;

/** Gives every room a logger that carries the room's name. */
export class LoggerFactory {
  constructor(private readonly root: PinoLogger) {}

  /** @param level pino's level names; `silent` for none */
  static toStandardError(level: string): LoggerFactory {
    return new LoggerFactory(
      pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true })),
    );
  }

  static silent(): LoggerFactory {
    return new LoggerFactory(pino({ level: 'silent' }));
  }

  named(room: string): Logger {
    return this.root.child({ room });
  }

  /** The same log, in the shape that Nest writes to. */
  forNest(): LoggerService {
    const log = this.root.child({ room: 'nest' });
    const text = (message: unknown): string => (typeof message === 'string' ? message : JSON.stringify(message));
    return {
      log: (message: unknown) => {
        log.debug(text(message));
      },
      warn: (message: unknown) => {
        log.warn(text(message));
      },
      error: (message: unknown) => {
        log.error(message instanceof Error ? { reason: message.message } : {}, text(message));
      },
    };
  }
}
