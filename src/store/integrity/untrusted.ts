import { BrokerError } from '../../errors/broker-error.ts';
import { KeyUnknown, NotAuthentic } from './authenticated-set.ts';

/** What a failed check is to a person. */
export function untrusted(error: NotAuthentic | KeyUnknown): BrokerError {
  const help =
    'Somebody wrote to the database, or it is damaged, and nothing of this is used. Restore a backup: webex-token restore FILE. If you changed it on purpose: webex-token restore --accept-rollback';
  if (error instanceof NotAuthentic && error.reason === 'older') {
    return new BrokerError('E_STORE_ROLLED_BACK', `The database was rolled back: ${error.message}.`, {
      help,
      cause: error,
    });
  }
  const what =
    error instanceof KeyUnknown
      ? 'a row was written with a key that is not one of this store'
      : error.message.replace(/^An? /, (article) => article.toLowerCase());
  return new BrokerError('E_INTEGRITY', `The database cannot be trusted: ${what}.`, { help, cause: error });
}

/** Whether it is about the store as a whole, and not about one row of it. */
export function isAboutWholeStore({ cause }: BrokerError): boolean {
  return cause instanceof NotAuthentic && cause.reason !== 'changed';
}
