import pino, { type DestinationStream, type Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { toSafeError } from '../../text/safe-error.ts';
import { escapeTerminalControls, sanitizeForDisplay } from '../../text/sanitize.ts';

/**
 * The log of the running server, on standard error. Nothing that holds a token is logged; the redaction guards against
 * a mistake.
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

/** How much output may wait for a slow reader of standard error. Bytes. */
const mostWaiting = 1 << 20;

/**
 * Standard error, without making the server depend on it: lines that cannot be written (full pipe, closed terminal, full
 * disk) are dropped and counted, and nothing waits for them.
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
 * An expected error is logged by its message and help. Only an unexpected one needs its stack, and its text may come from
 * anywhere. Otherwise an unreachable database would fill the log with stacks, at every request.
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
