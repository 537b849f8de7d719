/** What a provisioning tool has saved: where the SCIM service is, and the bearer token for it. */
export interface ScimAccess {
  baseAddress: string;
  bearer: string;
}

export interface ProvisionedUser {
  userName: string;
  displayName: string;
}

/** Sends one request, as a provisioning tool does. */
export async function scimRequest(
  { baseAddress, bearer }: ScimAccess,
  path: string,
  { method = 'GET', body }: { method?: string; body?: object } = {},
): Promise<Response> {
  return await fetch(`${baseAddress}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      accept: 'application/scim+json',
      ...(body !== undefined && { 'content-type': 'application/scim+json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  });
}

/**
 * Creates the users that are missing and updates the display name of the others. Returns how many it created or changed,
 * and how many it could not.
 */
export async function provisionUsers(
  access: ScimAccess,
  users: readonly ProvisionedUser[],
): Promise<{ exported: number; failed: number }> {
  const counts = { exported: 0, failed: 0 };
  for (const user of users) {
    const outcome = await provisionUser(access, user).catch(() => 'failed' as const);
    if (outcome !== 'unchanged') counts[outcome] += 1;
  }
  return counts;
}

async function provisionUser(
  access: ScimAccess,
  { userName, displayName }: ProvisionedUser,
): Promise<'exported' | 'failed' | 'unchanged'> {
  const filter = encodeURIComponent(`userName eq "${userName}"`);
  const found = await scimRequest(access, `/Users?filter=${filter}`);
  if (found.status !== 200) return 'failed';
  const { Resources: [existing] = [] } = (await found.json()) as {
    Resources?: { id: string; displayName?: string }[];
  };
  if (existing?.displayName === displayName) return 'unchanged';
  const sent =
    existing === undefined
      ? await scimRequest(access, '/Users', {
          method: 'POST',
          body: {
            schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
            userName,
            displayName,
            active: true,
          },
        })
      : await scimRequest(access, `/Users/${existing.id}`, {
          method: 'PATCH',
          body: {
            schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
            Operations: [{ op: 'replace', path: 'displayName', value: displayName }],
          },
        });
  return sent.ok ? 'exported' : 'failed';
}
