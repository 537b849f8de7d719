import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';

/*
 * What SQLite can answer, as text for a person, by its primary result codes (sqlite.org/rescode.html). What is not
 * known here, a unique key that is taken for instance, is left as it is.
 */
const busy = 5;
const readOnly = 8;
const ioError = 10;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

/** Turns a failure of the database file into what a person can act on; anything else comes back unchanged. */
export function sqliteFailure(error: unknown, file: string): unknown {
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== 'number') return error;
  const failure = (code: ErrorCode, message: string, help: string) =>
    new BrokerError(code, message, { help, cause: error });
  switch (errcode & 0xff) {
    case full:
      return failure(
        'E_STORE_FULL',
        `There is no room left on the disk of the store ${file}.`,
        'Make room there, then try again. What was stored before is safe, and can be read.',
      );
    case readOnly:
    case cannotOpen:
      return failure(
        'E_STORE_READ_ONLY',
        `The store ${file} cannot be opened for writing here.`,
        'Its folder and files have to be yours to write in, on a disk that is not mounted read-only. Nothing was changed.',
      );
    case busy:
      return failure(
        'E_STORE_BUSY',
        `The store ${file} is busy: another process kept it from being written to.`,
        'Try again in a moment. Nothing was changed.',
      );
    case corrupt:
    case notADatabase:
      return failure(
        'E_STORE_DAMAGED',
        `The store ${file} ${errcode === notADatabase ? 'cannot be used' : 'is damaged'}: ${(error as Error).message}.`,
        'Nothing was changed. "webex-token restore FILE" brings back a backup, and keeps the damaged file aside. Look at the disk, too.',
      );
    case ioError:
      return failure(
        'E_STORE_DISK',
        `The disk of the store ${file} fails: ${(error as Error).message} (${errcode}).`,
        'Nothing more was stored. Look at the disk, and at the room on it; then try again.',
      );
    default:
      return error;
  }
}
