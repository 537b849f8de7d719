import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';

/*
 * What PostgreSQL and the way to it can answer, as text for a person. Codes: PostgreSQL's SQLSTATE (appendix A),
 * Node's system and TLS errors. What is not known here, a unique key that is taken for instance, is left as it is.
 */

/** The server is not there, is going or coming. */
const unreachableStates = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '53300']);
/** It may not be written to: it is a standby, or it was made read-only. */
const readOnlyState = '25006';
/** Somebody else's transaction was in the way for too long. */
const busyStates = new Set(['55P03', '40P01', '40001']);
/** OpenSSL's and Node's names for a certificate that proves nothing. */
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS_/;

/** Whether a connection on which this happened is to be used again. */
export function isConnectionLost(error: unknown): boolean {
  // After a failover, a new connection leads to the server that may be written to.
  return error instanceof BrokerError && ['E_STORE_UNREACHABLE', 'E_STORE_READ_ONLY'].includes(error.code);
}

/**
 * Turns a failure of the database into what a person can act on; anything else comes back unchanged.
 * `shown` is the address without its password, `statement` the first word of what was asked for.
 */
export function postgresFailure(error: unknown, shown: string, statement = ''): unknown {
  if (!(error instanceof Error) || error instanceof BrokerError) return error;
  const { code = '' } = error as { code?: unknown };
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  if (state !== null) return fromState(state, error, shown, statement);
  if (typeof code === 'string' && certificateCodes.test(code)) {
    return failure('E_STORE', error, `The certificate of ${shown} is not accepted: ${oneLine(error)}.`, [
      'Name the file of its certificate authority with sslrootcert=… in the address, and the server as its certificate names it.',
    ]);
  }
  if (/does not support SSL/.test(error.message)) {
    return failure(
      'E_STORE',
      error,
      `${shown} offers no encryption, and a token's way there has to be encrypted.`,
      [
        'Turn it on at the server (ssl = on). In a network that you trust as this machine itself, say sslmode=disable in the address.',
      ],
    );
  }
  if (isOwnFault(error)) return error;
  return unreachable(error, shown, statement);
}

function fromState(state: string, error: Error, shown: string, statement: string): unknown {
  if (unreachableStates.has(state) || state.startsWith('08')) return unreachable(error, shown, statement);
  if (state === readOnlyState) {
    return failure('E_STORE_READ_ONLY', error, `The store ${shown} is read-only: ${oneLine(error)}.`, [
      'It is a standby server, or was made read-only. Nothing was changed. It is used again as soon as it can be written to.',
    ]);
  }
  if (busyStates.has(state)) {
    return failure(
      'E_STORE_BUSY',
      error,
      `The store ${shown} is busy: another process kept it from being written to.`,
      ['Try again in a moment. Nothing was changed.'],
    );
  }
  if (state.startsWith('28')) {
    return failure('E_STORE', error, `The store ${shown} refuses this user: ${oneLine(error)}.`, [
      'The password comes from WEBEX_TOKEN_DATABASE_URL, PGPASSWORD or ~/.pgpass.',
    ]);
  }
  if (state === '3D000') {
    return failure('E_STORE', error, `There is no such database: ${shown}.`, [
      'Make an empty one first (createdb); the tables are made by this program.',
    ]);
  }
  if (state === '42501') {
    return failure(
      'E_STORE',
      error,
      `The store ${shown} does not let this user in deep enough: ${oneLine(error)}.`,
      ['The user has to own the database, or be granted to create and change tables in its schema.'],
    );
  }
  if (state.startsWith('53')) {
    return failure('E_STORE', error, `The server of ${shown} is out of room: ${oneLine(error)}.`, [
      'Nothing was changed. Give it disk space or memory, then try again.',
    ]);
  }
  return error;
}

function unreachable(error: Error, shown: string, statement: string): BrokerError {
  return failure('E_STORE_UNREACHABLE', error, `The store ${shown} cannot be reached: ${oneLine(error)}.`, [
    ...(statement === 'commit'
      ? ['Whether the last change was stored is not known: look before doing it again.']
      : []),
    'Try again in a moment: it is used again as soon as it answers.',
  ]);
}

/** An error of the program itself, not of the way to the server. */
function isOwnFault(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

function oneLine(error: Error): string {
  // Several addresses of one name, each refused: the first says enough.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message : error.message;
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '') || 'no reason was given';
}

function failure(code: ErrorCode, cause: Error, message: string, help: string[]): BrokerError {
  return new BrokerError(code, message, { help: help.join(' '), cause });
}
