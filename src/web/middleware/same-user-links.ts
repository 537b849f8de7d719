import type { Express } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { isSameUserOnly } from '../../vault/sign-in/one-time-links.ts';
import { isOtherUser } from './socket-owner.ts';

/** Refuses links that were made for this user's own browser to every other user of this machine, and uses none up. */
export function requireSameUser(app: Express, parameter: 'secret' | 'link'): void {
  app.param(parameter, (request, _response, next, value: string) => {
    if (isSameUserOnly(value) && isOtherUser(request.socket)) next(foreignUser());
    else next();
  });
}

function foreignUser(): BrokerError {
  return new BrokerError(
    'E_OTHER_USER',
    'This link is for the user of this machine who started the program.',
    {
      help: 'For a link that works for whoever has it, run the command again with --no-open.',
    },
  );
}
