import { BrokerError } from '../../errors/broker-error.ts';

/** The error for a browser without an authenticated session. It does not reveal what exists. */
export function unauthenticated(): BrokerError {
  return new BrokerError('E_UNAUTHENTICATED', 'Only a one-time link from your terminal opens this app.', {
    help: { text: 'To open the app', command: ['open'] },
  });
}
