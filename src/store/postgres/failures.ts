import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';

/*
 * Translates errors of PostgreSQL and of the connection to it into errors that a person can act on, by SQLSTATE
 * (PostgreSQL, appendix A) and by Node's system and TLS error codes. All others, such as a violated unique constraint,
 * are passed on unchanged.
 */

/** The server is down, shutting down or starting. */
const unreachableStates = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '53300']);
/** The database rejects writes: it is a standby, or it was made read-only. */
const readOnlyState = '25006';
/** Another transaction held a lock for too long. */
const busyStates = new Set(['55P03', '40P01', '40001']);
/** The codes of OpenSSL and Node for a certificate that cannot be verified. */
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS_/;

/** Whether a connection must not be used again after this error. */
export function isConnectionLost(error: unknown): boolean {
  // After a failover, a new connection reaches the new primary.
  return error instanceof BrokerError && ['E_STORE_UNREACHABLE', 'E_STORE_READ_ONLY'].includes(error.code);
}

/**
 * Turns an error of the database into one that a person can act on; returns any other unchanged.
 * `shown` is the address without its password, `statement` the first word of the SQL statement.
 */
export function postgresFailure(error: unknown, shown: string, statement = ''): unknown {
  if (!(error instanceof Error) || error instanceof BrokerError) return error;
  const { code = '' } = error as { code?: unknown };
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  if (state !== null) return fromState(state, error, shown, statement);
  if (typeof code === 'string' && certificateCodes.test(code)) {
    return failure('E_STORE', error, `The certificate of ${shown} cannot be verified: ${oneLine(error)}.`, [
      'Set sslrootcert in the address to the file of its certificate authority, and use the host name that the certificate contains.',
    ]);
  }
  if (/does not support SSL/.test(error.message)) {
    return failure('E_STORE', error, `${shown} does not support encryption, which is required for tokens.`, [
      'Turn on TLS on the server (ssl = on). If you fully trust the network, add sslmode=disable to the address.',
    ]);
  }
  if (isProgrammingError(error)) return error;
  return unreachable(error, shown, statement);
}

function fromState(state: string, error: Error, shown: string, statement: string): unknown {
  if (unreachableStates.has(state) || state.startsWith('08')) return unreachable(error, shown, statement);
  if (state === readOnlyState) {
    return failure('E_STORE_READ_ONLY', error, `The store ${shown} is read-only: ${oneLine(error)}.`, [
      'It is a standby server, or was made read-only. Nothing was changed. It is used again as soon as it accepts writes.',
    ]);
  }
  if (busyStates.has(state)) {
    return failure('E_STORE_BUSY', error, `The store ${shown} is busy: another process is writing to it.`, [
      'Try again in a moment. Nothing was changed.',
    ]);
  }
  if (state.startsWith('28')) {
    return failure('E_STORE', error, `The store ${shown} refuses this user: ${oneLine(error)}.`, [
      'The password comes from WEBEX_TOKEN_DATABASE_URL, PGPASSWORD or ~/.pgpass.',
    ]);
  }
  if (state === '3D000') {
    return failure('E_STORE', error, `The database ${shown} does not exist.`, [
      'Create an empty database first (createdb). This program creates the tables.',
    ]);
  }
  if (state === '42501') {
    return failure('E_STORE', error, `The store ${shown} denied this user permission: ${oneLine(error)}.`, [
      'The user must own the database, or have permission to create and alter tables in its schema.',
    ]);
  }
  if (state.startsWith('53')) {
    return failure('E_STORE', error, `The server of ${shown} is out of resources: ${oneLine(error)}.`, [
      'Nothing was changed. Give it more disk space or memory, then try again.',
    ]);
  }
  return error;
}

function unreachable(error: Error, shown: string, statement: string): BrokerError {
  return failure('E_STORE_UNREACHABLE', error, `The store ${shown} cannot be reached: ${oneLine(error)}.`, [
    ...(statement === 'commit'
      ? ['It is not known whether the last change was stored. Check before you repeat it.']
      : []),
    'Try again in a moment. The connection is restored as soon as the server responds.',
  ]);
}

/** An error in this program, not in the connection to the server. */
function isProgrammingError(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

function oneLine(error: Error): string {
  // One error for each address of the host name: the first one is enough.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message : error.message;
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '') || 'no reason was given';
}

function failure(code: ErrorCode, cause: Error, message: string, help: string[]): BrokerError {
  return new BrokerError(code, message, { help, cause });
}
