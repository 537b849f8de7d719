import { BrokerError } from '../../errors/broker-error.ts';
import { KeyUnknown, NotAuthentic } from './authenticated-set.ts';

/** A failed check, as an error that a person can act on. */
export function untrusted(error: NotAuthentic | KeyUnknown): BrokerError {
  const help = [
    'Another program changed the database, or it is damaged. The changed data is not used.',
    { text: 'Restore a backup', command: ['restore', 'FILE'] },
    { text: 'To accept the database as it is', command: ['restore', '--accept-rollback'] },
  ];
  if (error instanceof NotAuthentic && error.reason === 'older') {
    return new BrokerError('E_STORE_ROLLED_BACK', `The database was rolled back: ${error.message}.`, {
      help,
      cause: error,
    });
  }
  const what =
    error instanceof KeyUnknown
      ? 'a row was written with a key that does not belong to this store'
      : error.message.replace(/^An? /, (article) => article.toLowerCase());
  return new BrokerError('E_INTEGRITY', `The database cannot be trusted: ${what}.`, { help, cause: error });
}

/** Whether the error is about the store as a whole, and not about one of its rows. */
export function isAboutWholeStore({ cause }: BrokerError): boolean {
  return cause instanceof NotAuthentic && cause.reason !== 'changed';
}
