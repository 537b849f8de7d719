import type { DatabaseSync } from 'node:sqlite';
import type { BrokerError } from '../../errors/broker-error.ts';
import {
  KeyUnknown,
  type NamedRow,
  NotAuthentic,
  type Question,
  type SetHead,
  setOf,
} from '../integrity/authenticated-set.ts';
import type { DataKeys } from '../integrity/mac-keys.ts';
import { untrusted } from '../integrity/untrusted.ts';
import { RetryLater } from './token-request-store.ts';

/** Why rows that were read with this head are not authentic; null if they are. */
export type RowChecker = (head: SetHead | null, rows: readonly NamedRow[]) => BrokerError | null;

/** Checks rows synchronously, on a separate connection; see `integrity/authenticated-set.ts`. Throws `NotAuthentic`, `KeyUnknown`. */
export function checkRowsNow(
  database: DatabaseSync,
  keys: DataKeys,
): (head: SetHead | null, rows: readonly NamedRow[]) => void {
  const digests = database.prepare('select bucket, digest from row_mac_bucket');
  const macs = database.prepare('select kind, id, mac from row_mac where bucket = ?');
  const ask = (question: Question): unknown[] =>
    'digests' in question ? digests.all() : macs.all(question.bucket);
  return (head, rows) => {
    const steps = setOf(keys).check(head, rows);
    let step = steps.next();
    while (step.done !== true) step = steps.next(ask(step.value));
  };
}

/**
 * The same for a server, with the error as the result. Throws `RetryLater` while it loads a data key that another process
 * created, so that the request is tried again.
 */
export function rowChecker(database: DatabaseSync, keys: DataKeys): RowChecker {
  const check = checkRowsNow(database, keys);
  let looked: 'no' | 'looking' | 'yes' = 'no';
  return (head, rows) => {
    try {
      check(head, rows);
      looked = 'no';
      return null;
    } catch (error) {
      if (error instanceof NotAuthentic) return untrusted(error);
      if (!(error instanceof KeyUnknown)) throw error;
      // The key that authenticated the rows is not available here, which does not mean that they were changed.
      if (looked !== 'looking' && keys.refreshError !== null) {
        looked = 'no';
        return keys.refreshError;
      }
      if (looked === 'yes') {
        looked = 'no';
        return untrusted(error);
      }
      if (looked === 'no') {
        looked = 'looking';
        const done = () => {
          looked = 'yes';
        };
        keys.refresh().then(done, done);
      }
      throw new RetryLater('a data key is looked up');
    }
  };
}
