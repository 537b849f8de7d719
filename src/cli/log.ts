import pino, { type Logger } from 'pino';

/**
 * The log of the running server, on standard error. Nothing is logged that holds a token; the redaction is for the
 * day on which somebody forgets that.
 */
export function createLog(level: 'info' | 'warn'): Logger {
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
      redact: {
        paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
