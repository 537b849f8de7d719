import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { signChallenge } from '../../instance/instance-file.ts';

/** `GET /instance?challenge=`: proves to the commands of this product that this is their server and not another program on the port. */
export function instance(secret: string | undefined): RequestHandler {
  return (request, response) => {
    const { challenge } = request.query;
    if (secret === undefined || typeof challenge !== 'string' || !/^[\w-]{16,128}$/.test(challenge)) {
      throw new BrokerError(
        'E_NOT_FOUND',
        'This server has no instance secret, or the challenge is malformed.',
      );
    }
    response.json({ proof: signChallenge(secret, challenge) });
  };
}
