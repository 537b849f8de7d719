import { z } from 'zod';
import { explainFailure } from '../../http/explain-failure.ts';
import type { FailureReason } from '../../http/json-client.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { parseOrganizationId } from '../organization-id.ts';
import type { AdminLevel } from './admin-roles.ts';
import { adminLevel } from './admin-roles.ts';
import type { WebexConnection } from './get-json.ts';
import { getJson } from './get-json.ts';

/** The person that a token belongs to. */
export interface Person {
  /** Webex's ID of the person, in base64url. */
  id: string;
  displayName: string;
  emails: string[];
  /** Lower-case UUID. */
  orgId: string;
  admin: AdminLevel;
  /** Role IDs in the response; null if it has none. */
  roles: string[] | null;
}

export type PersonResult =
  /** `webexTime`: what Webex's clock says, in epoch milliseconds; null if unknown. */
  | { outcome: 'person'; person: Person; webexTime: number | null }
  /** Webex responded with 401: the token is not valid or no longer valid. */
  | { outcome: 'rejected'; message: string; help: string; trackingId: string | null }
  /** Webex could not be reached. The token may be valid. */
  | {
      outcome: 'unknown';
      reason: Exclude<FailureReason, 'unauthorized'>;
      message: string;
      help: string;
      /** Seconds to wait, if Webex says so. */
      retryAfterSeconds: number | null;
      trackingId: string | null;
    };

const organizationId = z.string().transform((text, context) => {
  try {
    return parseOrganizationId(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not an organization ID' });
    return z.NEVER;
  }
});

const answered = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  emails: z.array(z.string()).nullish(),
  orgId: organizationId,
  roles: z.array(z.string()).nullish(),
});

/** Excludes characters that could start another line or word. */
const mailAddress = /^[^\s\p{C}<>,;"]{1,64}@[^\s\p{C}<>,;"]{1,253}$/u;

/** Requests the owner of a token from Webex: `GET /people/me` (scope `spark:people_read`). */
export async function whoAmI(connection: WebexConnection, token: string): Promise<PersonResult> {
  const answer = await getJson(connection, token, `${connection.api}/people/me`, answered);
  if (answer.ok) {
    const { id, displayName, orgId } = answer.value;
    const emails = (answer.value.emails ?? []).filter((email) => mailAddress.test(email));
    const roles = answer.value.roles ?? null;
    const name = sanitizeForDisplay(displayName ?? '', 200) || emails[0] || 'a person without a name';
    return {
      outcome: 'person',
      person: { id, displayName: name, emails, orgId, admin: adminLevel(roles), roles },
      webexTime: answer.webexTime,
    };
  }
  const { reason, trackingId, retryAfterSeconds } = answer.failure;
  const { message, help } = explainFailure(answer.failure, 'Webex', {
    unauthorized:
      'Sign in again to get a new token. If this token is new, check that you copied all of it, and that the profile’s deployment is correct.',
    forbidden:
      'Webex does not report the account of this token. Sign in again with the documented scopes, as a full administrator.',
    'not-found': 'Check the profile’s deployment, and the WEBEX_TOKEN_API_URL setting if you changed it.',
  });
  if (reason === 'unauthorized') return { outcome: 'rejected', message, help, trackingId };
  return { outcome: 'unknown', reason, message, help, retryAfterSeconds, trackingId };
}
