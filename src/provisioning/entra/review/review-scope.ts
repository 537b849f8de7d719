import * as z from 'zod';
import { BrokerError } from '../../../errors/broker-error.ts';
import { sources } from '../../settings-sources.ts';
import type { GraphClient } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { graphList, identified } from '../graph/objects.ts';
import type { Finding } from './review.ts';

const assignment = z.object({
  principalType: z.string().nullish(),
  principalDisplayName: z.string().nullish(),
});

/**
 * Whether the account that signed in to Webex is itself provisioned by this application: when Entra ID deactivates
 * it, Webex revokes its tokens, this one among them. `syncAll` is the scope: everybody, or who is assigned.
 */
export async function reviewAccountScope(
  graph: GraphClient,
  app: EntraApp,
  accountMail: string | null,
  syncAll: boolean,
): Promise<Finding[]> {
  if (accountMail === null) return [];
  try {
    const user = await userByMail(graph, accountMail);
    if (user === null) return [];
    if (syncAll) return [inScope(accountMail, 'as everybody in the directory is')];
    const filter = encodeURIComponent(`resourceId eq ${app.id}`);
    const path = `/users/${encodeURIComponent(user.id)}/appRoleAssignments?$filter=${filter}`;
    const { value } = await graph.get(path, graphList(assignment));
    const [first] = value;
    if (first === undefined) return [];
    return [
      inScope(
        accountMail,
        first.principalType === 'Group' ? 'through a group that is assigned' : 'by assignment',
      ),
    ];
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return [
      {
        id: 'account-scope-unknown',
        level: 'note',
        message: `Whether ${accountMail}, who signed in to Webex, is provisioned by this application could not be seen (it takes the permission to read users). It should not be: deactivating it in Entra ID would revoke the token.`,
        source: sources.ciscoEntra,
      },
    ];
  }
}

async function userByMail(graph: GraphClient, mail: string): Promise<{ id: string } | null> {
  const quoted = mail.replaceAll("'", "''");
  const filter = encodeURIComponent(`userPrincipalName eq '${quoted}' or mail eq '${quoted}'`);
  const { value } = await graph.get(`/users?$filter=${filter}&$select=id`, graphList(identified));
  return value[0] ?? null;
}

function inScope(mail: string, how: string): Finding {
  return {
    id: 'account-in-scope',
    level: 'problem',
    message: `${mail}, who signed in to Webex, is provisioned by this application itself, ${how}. When Entra ID deactivates that account, Webex revokes all its tokens, and provisioning stops for everybody. Take it out of the scope, or sign in with an account that lives in Webex only.`,
    source: sources.ciscoEntra,
  };
}
