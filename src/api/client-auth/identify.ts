import { isClientName } from '../../domain/client.ts';
import { type ClientProof, verifySecret } from './authenticate.ts';

/** The client that a request claims to be from, and its credentials. They are checked against the store later. */
export interface Identity {
  /** Empty if the request has no valid client name. */
  client: string;
  /** The hash of a secret that identifies its client without a client name, in base64url. */
  secretHash?: string;
  proof: ClientProof;
}

/** The client name and the hashed secret. */
export function secretIdentity({ client, secret }: { client: string; secret: string }): Identity {
  return { client: validClientName(client), proof: verifySecret(secret) };
}

/** The name, or an empty string if it is invalid, because an invalid name must not reach the log. */
export function validClientName(name: string): string {
  return isClientName(name) ? name : '';
}
