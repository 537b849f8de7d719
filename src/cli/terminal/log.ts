import pino, { type DestinationStream, type Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { toSafeError } from '../../text/safe-error.ts';
import { escapeTerminalControls, sanitizeForDisplay } from '../../text/sanitize.ts';

/**
 * The log of the running server, on standard error. No token is logged; the redaction is a second line of defense.
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

/** How much output is buffered for a slow reader of standard error. Bytes. */
const mostWaiting = 1 << 20;

/**
 * Writes to standard error without ever blocking the server: lines that cannot be written (full pipe, closed terminal, full
 * disk) are dropped and counted.
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
        const msg = `${dropped} lines of this log were dropped because nothing read them`;
        stderr.write(`${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`);
        dropped = 0;
      }
      stderr.write(line);
    },
  };
}

/**
 * An expected error is logged with its message and help. Only an unexpected error is logged with its stack, after removing
 * tokens from its text. Otherwise an unreachable database would fill the log with stacks, one for every request.
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
