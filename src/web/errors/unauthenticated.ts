import type { Request } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';

/**
 * The error for a browser without an authenticated session. It does not reveal what exists. If the browser sent a form, its
 * content is not lost: a reload sends it again.
 */
export function unauthenticated({ method }: Pick<Request, 'method'>): BrokerError {
  if (method !== 'POST') {
    return new BrokerError('E_UNAUTHENTICATED', 'Only a one-time link from your terminal opens this app.', {
      help: { text: 'To open the app', command: ['open'] },
    });
  }
  return new BrokerError('E_UNAUTHENTICATED', 'This browser’s session has ended. Nothing was saved.', {
    help: [
      'Keep this page open, because it still has what you entered.',
      { text: 'For a link to open in another tab of this window, run', command: ['open', '--no-open'] },
      'Then reload this page, and confirm that the form is sent again.',
    ],
  });
}
