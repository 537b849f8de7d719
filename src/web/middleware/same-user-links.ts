import type { Express } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { isSameUserOnly } from '../../vault/sign-in/one-time-links.ts';
import { isOtherUser } from './socket-owner.ts';

/** Rejects links that were created for the own browser if another user of this computer opens them. The link stays valid. */
export function requireSameUser(app: Express, parameter: 'secret' | 'link'): void {
  app.param(parameter, (request, _response, next, value: string) => {
    if (isSameUserOnly(value) && isOtherUser(request.socket)) next(foreignUser());
    else next();
  });
}

function foreignUser(): BrokerError {
  return new BrokerError(
    'E_OTHER_USER',
    'This link is only for the user of this computer who started the server.',
    {
      help: {
        text: 'For a link that also works for other users',
        command: ['open', '--no-open'],
      },
    },
  );
}
