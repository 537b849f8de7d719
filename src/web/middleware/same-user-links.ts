import type { Express } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { isSameUserOnly } from '../../vault/sign-in/one-time-links.ts';
import { isOtherUser } from './socket-owner.ts';

/** Rejects same-user links that another user of this computer opens. The link stays valid. */
export function requireSameUser(app: Express, parameter: 'secret' | 'link'): void {
  app.param(parameter, (request, _response, next, value: string) => {
    if (isSameUserOnly(value) && isOtherUser(request.socket)) next(otherUser());
    else next();
  });
}

function otherUser(): BrokerError {
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
