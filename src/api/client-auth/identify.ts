import { isClientName } from '../../domain/client.ts';
import { clientKeys } from '../../store/access/clients.ts';
import type { Db } from '../../store/db.ts';
import { checkAssertion, subjectOf } from './assertion.ts';
import { type ClientProof, verifySecret } from './authenticate.ts';
import type { Credentials } from './credentials.ts';

/** Who a request says it is from, and what it has to show for it. The store decides whether that will do. */
export interface Identity {
  /** Empty where the request names nobody that could be a client. */
  client: string;
  proof: ClientProof;
}

/** The name and the secret, ready to be compared. */
export function secretIdentity({ client, secret }: { client: string; secret: string }): Identity {
  return { client: isValidClientName(client), proof: verifySecret(secret) };
}

/** Whose an assertion says to be; empty where that cannot be a client. */
export function claimedClient({ assertion }: { assertion: string }): string {
  return isValidClientName(subjectOf(assertion) ?? '');
}

/** Checks a client assertion by the registered keys of its `subject`. */
export async function assertionIdentity(
  db: Db,
  credentials: Extract<Credentials, { kind: 'assertion' }>,
  audiences: string[],
  now: number,
): Promise<Identity> {
  const client = claimedClient(credentials);
  const fail = (why: string): Identity => ({ client, proof: { kind: 'none', why } });
  const jwks = client === '' ? null : await clientKeys(db, client);
  if (jwks === null) {
    return fail(
      'There is no client with registered keys that has the sub of the assertion as its client_id.',
    );
  }
  if (credentials.client !== null && credentials.client !== client) {
    return fail('client_id is another one than the sub of the assertion.');
  }
  const checked = await checkAssertion(credentials.assertion, client, { jwks, audiences, now });
  if (!checked.ok) return fail(`The assertion does not hold: ${checked.why}.`);
  return { client, proof: { kind: 'assertion', jwks, assertion: checked.assertion } };
}

/** What cannot be a client's name is not carried on: it would come out again in the log. */
export function isValidClientName(name: string): string {
  return isClientName(name) ? name : '';
}
