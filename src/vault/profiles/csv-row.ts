import { z } from 'zod';
import { dayMs, documentedLifetimeMs } from '../../domain/lifetimes.ts';
import { parseDisplayName, parseOrganizationName } from '../../domain/profile.ts';
import { parseContact, parseTags } from '../../domain/tags.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';
import { parseOrganizationId } from '../../webex/organization-id.ts';
import { describeAccessToken } from '../../webex/sign-in/access-token.ts';
import { assertBearerSyntax } from '../../webex/sign-in/bearer-syntax.ts';
import { rejectCommonMistakes } from '../../webex/sign-in/common-mistakes.ts';

/** The columns of a CSV file of profiles. They may be in any order. Only `profile` is required. */
export const profileColumns = [
  'profile',
  'display_name',
  'org_id',
  'deployment',
  'contact',
  'tags',
  'access_token',
  'captured_at',
  'expires_at',
] as const;

export type ProfileColumn = (typeof profileColumns)[number];

/** One unparsed row of such a file. An empty cell counts as absent. `line` is the line on which the row ends. */
export interface RawProfileRow {
  line: number;
  cells: Partial<Record<ProfileColumn, string>>;
}

/** One parsed row. Values that are missing in the file are undefined. */
export interface ProfileRow {
  line: number;
  /** The technical name. */
  profile: string;
  /** The display name in the column `profile`; null if the column contains a technical name. */
  typedName: string | null;
  displayName: string | undefined;
  orgId: string | undefined;
  deployment: Deployment | undefined;
  contact: string | undefined;
  tags: string[] | undefined;
  token: CsvToken | undefined;
}

/** A token from a file. Times are epoch milliseconds. */
export interface CsvToken {
  accessToken: string;
  /** The organization named in the token itself. */
  orgId: string | null;
  /** The deployment named in the token itself. */
  deployment: Deployment | null;
  capturedAt: number | undefined;
  expiresAt: number | undefined;
}

/** No Webex token is known to last longer, so a later date is a typing error. Milliseconds. */
const maxLifetimeMs = 10 * documentedLifetimeMs;

const cells = z.object({
  profile: z.string({ error: 'the profile has no name' }).transform(parseWith(parseOrganizationName)),
  display_name: z.string().transform(parseWith(parseDisplayName)).optional(),
  org_id: z.string().transform(parseWith(parseOrganizationId)).optional(),
  deployment: z
    .string()
    .toLowerCase()
    .pipe(z.enum(deployments, { error: `the deployment is neither ${deployments.join(' nor ')}` }))
    .optional(),
  contact: z.string().transform(parseWith(parseContact)).optional(),
  tags: z.string().transform(parseWith(parseTags)).optional(),
  access_token: z.string().transform(parseWith(checkedToken)).optional(),
  captured_at: rfc3339('captured_at'),
  expires_at: rfc3339('expires_at'),
});

/** Parses one row, at `now` (epoch milliseconds). Returns the reason if it is not valid. */
export function parseProfileRow(
  { line, cells: raw }: RawProfileRow,
  now: number,
): ProfileRow | { reason: string } {
  const read = cells.safeParse(raw);
  if (!read.success) return { reason: read.error.issues.map(({ message }) => message).join('; ') };
  const { profile, display_name, org_id, deployment, contact, tags, access_token, captured_at, expires_at } =
    read.data;
  const reason = tokenFault(access_token, captured_at, expires_at, now);
  if (reason !== null) return { reason };
  const token =
    access_token === undefined
      ? undefined
      : {
          accessToken: access_token,
          orgId: describeAccessToken(access_token).orgId,
          deployment: describeAccessToken(access_token).deployment,
          capturedAt: captured_at,
          expiresAt: expires_at,
        };
  if (org_id !== undefined && token?.orgId != null && token.orgId !== org_id) {
    return { reason: `the token belongs to the organization ${token.orgId}, and org_id is different` };
  }
  return {
    line,
    profile: profile.name,
    typedName: profile.displayName,
    displayName: display_name ?? undefined,
    orgId: org_id ?? token?.orgId ?? undefined,
    deployment,
    contact,
    tags,
    token,
  };
}

function tokenFault(
  accessToken: string | undefined,
  capturedAt: number | undefined,
  expiresAt: number | undefined,
  now: number,
): string | null {
  if (accessToken === undefined) {
    if (capturedAt === undefined && expiresAt === undefined) return null;
    return 'there is a date but no access_token';
  }
  if (capturedAt === undefined && expiresAt === undefined) {
    return 'a token needs captured_at or expires_at; otherwise its expiry date is unknown';
  }
  // One day of tolerance, because clocks and time zones differ.
  if (capturedAt !== undefined && capturedAt > now + dayMs)
    return 'captured_at is in the future; if it is right, check this machine’s clock';
  if (capturedAt !== undefined && expiresAt !== undefined && expiresAt <= capturedAt) {
    return 'expires_at is not after captured_at';
  }
  if (expiresAt !== undefined && expiresAt > (capturedAt ?? now) + maxLifetimeMs) {
    return 'expires_at is more than ten years after captured_at';
  }
  return null;
}

/** Accepts a leading "Bearer". Errors never repeat the token. */
function checkedToken(text: string): string {
  const token = text.replace(/^bearer\s+/i, '');
  rejectCommonMistakes(token);
  assertBearerSyntax(token);
  if (token.length < 8) throw new BrokerError('E_TOKEN_SYNTAX', 'The access_token is too short.');
  return token;
}

/** RFC 3339, with an offset from UTC. */
function rfc3339(column: string) {
  return z.iso
    .datetime({
      offset: true,
      error: `${column} is not a date and time such as 2027-03-01T09:30:00Z (RFC 3339)`,
    })
    .transform((text) => Date.parse(text))
    .optional();
}

/** Turns a parser error into the reason why the row is invalid. */
function parseWith<T>(parse: (text: string) => T): (text: string, context: z.RefinementCtx) => T {
  return (text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      // Includes the rule, because a row in a list of errors shows no other help.
      const rules = error.remedies.filter(({ command, link }) => command === undefined && link === undefined);
      const message = [error.message, ...rules.map(({ text }) => text)].join(' ').replace(/\.$/, '');
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
  };
}
