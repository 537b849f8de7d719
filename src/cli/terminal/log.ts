import pino, { type DestinationStream, type Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { toSafeError } from '../../text/safe-error.ts';
import { escapeTerminalControls, sanitizeForDisplay } from '../../text/sanitize.ts';

/**
 * The log of the running server, on standard error. Nothing is logged that holds a token; the redaction is for the
 * day on which somebody forgets that.
 */
export function createLog(level: 'info' | 'warn', destination: DestinationStream = standardError()): Logger {
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
    { write: (line) => destination.write(escapeTerminalControls(line)) },
  );
}

/** How much may wait for a reader of standard error that is slow. Bytes. */
const mostWaiting = 1 << 20;

/**
 * Standard error, of which the server does not depend: lines that nobody takes (a full pipe, a terminal that was closed,
 * a full disk) are dropped and counted, and nothing waits for them.
 */
function standardError(): DestinationStream {
  const { stderr } = process;
  stderr.on('error', () => {});
  let dropped = 0;
  return {
    write(line) {
      if (stderr.writableLength > mostWaiting) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        const msg = `${dropped} lines of this log are missing: nobody read it`;
        stderr.write(`${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`);
        dropped = 0;
      }
      stderr.write(line);
    },
  };
}

/**
 * A failure that a person can act on is told in its own words; where in the program it came up matters only for one that
 * nobody foresaw, whose text comes from anywhere. A database that is away would fill the log otherwise, with every request.
 */
function inLog(error: Error): object {
  if (!(error instanceof BrokerError)) {
    const { stack, ...described } = toSafeError(error);
    return { ...described, stack: stack.join('\n') };
  }
  const { code, message, help, cause } = error;
  return {
    code,
    message,
    help,
    ...(cause instanceof Error && { cause: sanitizeForDisplay(cause.message, 300) }),
  };
}
