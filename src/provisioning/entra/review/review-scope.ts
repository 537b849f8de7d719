import * as z from 'zod';
import { BrokerError } from '../../../errors/broker-error.ts';
import { sources } from '../../settings-sources.ts';
import type { GraphClient } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { graphList, identified } from '../graph/objects.ts';
import { type Finding, finding } from './finding.ts';

const assignment = z.object({
  principalType: z.string().nullish(),
  principalDisplayName: z.string().nullish(),
});

/**
 * Checks whether this application provisions the account that signed in to Webex. If Entra ID deactivates that account, Webex
 * revokes its tokens, including this one. `syncAll`: the scope is all users, not only assigned ones.
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
    if (syncAll) return [inScope(accountMail, 'because the scope is all users')];
    const filter = encodeURIComponent(`resourceId eq ${app.id}`);
    const path = `/users/${encodeURIComponent(user.id)}/appRoleAssignments?$filter=${filter}`;
    const { value } = await graph.get(path, graphList(assignment));
    const [first] = value;
    if (first === undefined) return [];
    return [
      inScope(accountMail, first.principalType === 'Group' ? 'through an assigned group' : 'by assignment'),
    ];
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const message = `It is unknown whether this application provisions ${accountMail}, who signed in to Webex, because this sign-in has no permission to read users. It should not, because deactivating the account in Entra ID would revoke the token.`;
    return [finding('note', 'account-scope-unknown', message, sources.ciscoEntra)];
  }
}

async function userByMail(graph: GraphClient, mail: string): Promise<{ id: string } | null> {
  const quoted = mail.replaceAll("'", "''");
  const filter = encodeURIComponent(`userPrincipalName eq '${quoted}' or mail eq '${quoted}'`);
  const { value } = await graph.get(`/users?$filter=${filter}&$select=id`, graphList(identified));
  return value[0] ?? null;
}

function inScope(mail: string, how: string): Finding {
  const message = `This application provisions ${mail}, who signed in to Webex, ${how}. If Entra ID ever deactivates that account, Webex revokes its tokens and provisioning stops for everyone. Remove it from the scope, or sign in with an account that your directory does not manage.`;
  return finding('problem', 'account-in-scope', message, sources.ciscoEntra);
}
