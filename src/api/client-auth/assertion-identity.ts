import type { WorkloadIdentity } from '../../domain/workload-identity.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { assertionMethod, clientWorkloadIdentity } from '../../store/access/clients.ts';
import type { ApiContext } from '../context.ts';
import { type Lane, unauthenticatedLane } from '../queue/fair-queue.ts';
import { checkAssertion, subjectOf } from './assertion.ts';
import type { ClientProof } from './authenticate.ts';
import type { Credentials } from './credentials.ts';
import { ForeignAssertionError, readForeignAssertion, verifyForeignAssertion } from './foreign-assertion.ts';
import { type Identity, validClientName } from './identify.ts';

/* Loaded when the first assertion arrives: most servers never get one, and jose takes a while to load. */

type AssertionCredentials = Extract<Credentials, { kind: 'assertion' }>;

/** The client that sent an assertion, as claimed: `client_id`, or else `sub`. Empty if that is not a valid client name. */
function claimedClient({ client, assertion }: AssertionCredentials): string {
  return validClientName(client ?? subjectOf(assertion) ?? '');
}

/**
 * Checks a client assertion. For a client with a workload identity, uses the keys of its issuer; otherwise the registered keys
 * of the assertion's `sub`. While an issuer's keys are fetched, other assertions are checked. `address`: the caller's address.
 */
export async function assertionIdentity(
  context: ApiContext,
  credentials: AssertionCredentials,
  audiences: string[],
  address: string,
): Promise<Identity> {
  const client = claimedClient(credentials);
  const lane = unauthenticatedLane(client, address);
  const result = await context.assertionChecks.run(lane, async () => {
    const method = client === '' ? null : await assertionMethod(context.vault.db, client);
    if (method?.hasWorkloadIdentity) return await registeredIdentity(context, client);
    return await ownAssertion(context, credentials, method?.jwks ?? null, audiences);
  });
  if ('proof' in result) return result;
  return { client, proof: await foreignProof(context, result, credentials.assertion, lane) };
}

/** The client's workload identity, or credentials without proof. */
async function registeredIdentity(
  { vault }: ApiContext,
  client: string,
): Promise<WorkloadIdentity | Identity> {
  const none = (why: string): Identity => ({ client, proof: { kind: 'none', why } });
  try {
    return (
      (await clientWorkloadIdentity(vault.db, client)) ?? none('The client was changed in the meantime.')
    );
  } catch (error) {
    // A row that was changed outside this program must not trigger a request to any host. The request's lookup reports it.
    if (error instanceof BrokerError) return none(error.message);
    throw error;
  }
}

async function foreignProof(
  { vault, assertionChecks, issuerKeys }: ApiContext,
  identity: WorkloadIdentity,
  assertion: string,
  lane: Lane,
): Promise<ClientProof> {
  try {
    const { kid, expiresAt } = readForeignAssertion(assertion, identity, vault.now());
    const keys = await issuerKeys.keysOf(identity.issuer, kid);
    if (!keys.ok) {
      const detail = `no keys from ${identity.issuer}`;
      return { kind: 'unchecked-assertion', retryAfter: keys.retryAfter, detail };
    }
    await assertionChecks.run(lane, () => verifyForeignAssertion(assertion, keys.findKey, vault.now()));
    return { kind: 'foreign-assertion', identity, expiresAt };
  } catch (error) {
    if (error instanceof ForeignAssertionError) return { kind: 'wrong-assertion', detail: error.detail };
    throw error;
  }
}

async function ownAssertion(
  { vault }: ApiContext,
  credentials: AssertionCredentials,
  jwks: string | null,
  audiences: string[],
): Promise<Identity> {
  const client = validClientName(subjectOf(credentials.assertion) ?? '');
  const fail = (why: string): Identity => ({ client, proof: { kind: 'none', why } });
  if (credentials.client !== null && credentials.client !== client) {
    return fail('client_id differs from the sub of the assertion.');
  }
  if (jwks === null) {
    return fail('There is no client with registered keys whose client_id is the sub of the assertion.');
  }
  const now = vault.now();
  const checked = await checkAssertion(credentials.assertion, client, { jwks, audiences, now });
  if (!checked.ok) return fail(`The assertion is invalid: ${checked.why}.`);
  return { client, proof: { kind: 'assertion', jwks, assertion: checked.assertion } };
}
