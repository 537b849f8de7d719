import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { signChallenge } from '../../instance/instance-file.ts';

/** `GET /healthz`: the server runs. */
export const healthz: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** `GET /instance?challenge=`: proves to our own commands that this is their server, and not another program on its port. */
export function instance(secret: string | undefined): RequestHandler {
  return (request, response) => {
    const { challenge } = request.query;
    if (secret === undefined || typeof challenge !== 'string' || !/^[\w-]{16,128}$/.test(challenge)) {
      throw new BrokerError('E_NOT_FOUND', 'There is nothing to prove here.');
    }
    response.json({ proof: signChallenge(secret, challenge) });
  };
}
