import pino, { type Logger } from 'pino';

/** A log that nobody reads. */
export function quietLog(): Logger {
  return pino({ level: 'silent' });
}
