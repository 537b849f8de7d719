import pino, { type Logger } from 'pino';

/** A log that discards everything. */
export function quietLog(): Logger {
  return pino({ level: 'silent' });
}
