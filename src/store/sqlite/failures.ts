import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';
import type { Help } from '../../errors/remedy.ts';
import { busy } from './file.ts';

/*
 * Translates errors of SQLite into errors that a person can act on, by its primary result codes
 * (sqlite.org/rescode.html). All others, such as a violated unique constraint, are passed on unchanged.
 */
const readOnly = 8;
const ioError = 10;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

/** Turns an error of the database file into one that a person can act on; returns any other unchanged. */
export function sqliteFailure(error: unknown, file: string): unknown {
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== 'number') return error;
  const failure = (code: ErrorCode, message: string, help: Help) =>
    new BrokerError(code, message, { help, cause: error });
  switch (errcode & 0xff) {
    case full:
      return failure(
        'E_STORE_FULL',
        `There is no room left on the disk of the store ${file}.`,
        'Free some space, then try again. What was stored before is safe, and can still be read.',
      );
    case readOnly:
    case cannotOpen:
      return failure(
        'E_STORE_READ_ONLY',
        `The store ${file} cannot be opened for writing.`,
        'You need write permission for its directory and files, on a disk that is not mounted read-only. Nothing was changed.',
      );
    case busy:
      return failure(
        'E_STORE_BUSY',
        `The store ${file} is busy: another process is writing to it.`,
        'Try again in a moment. Nothing was changed.',
      );
    case corrupt:
    case notADatabase:
      return failure(
        'E_STORE_DAMAGED',
        `The store ${file} ${errcode === notADatabase ? 'cannot be used' : 'is damaged'}: ${(error as Error).message}.`,
        [
          {
            text: 'Nothing was changed. Restore a backup, which keeps the damaged file under another name',
            command: ['restore', 'FILE'],
          },
          'Check the disk, too.',
        ],
      );
    case ioError:
      return failure(
        'E_STORE_DISK',
        `The disk of the store ${file} failed: ${(error as Error).message} (${errcode}).`,
        'Nothing more was stored. Check the disk and its free space, then try again.',
      );
    default:
      return error;
  }
}
