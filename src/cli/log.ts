import pino, { type DestinationStream, type Logger } from 'pino';
import { BrokerError } from '../errors.ts';

/**
 * The log of the running server, on standard error. Nothing is logged that holds a token; the redaction is for the
 * day on which somebody forgets that.
 */
export function createLog(
  level: 'info' | 'warn',
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const secrets = [
    'access_token',
    'accessToken',
    'authorization',
    'cookie',
    'fragment',
    'token',
    'client_secret',
  ];
  return pino(
    {
      level,
      serializers: { err: inLog },
      redact: {
        paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
    },
    destination,
  );
}

/**
 * A failure that a person can act on is told in its own words; where in the program it came up matters only for one that
 * nobody foresaw. A database that is away would fill the log otherwise, with every request.
 */
function inLog(error: Error): object {
  if (!(error instanceof BrokerError)) return pino.stdSerializers.err(error);
  const { code, message, help, cause } = error;
  return { code, message, help, ...(cause instanceof Error && { cause: cause.message }) };
}
