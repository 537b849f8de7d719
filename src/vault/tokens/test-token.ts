import { expiryOf } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import type { Help } from '../../errors/remedy.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { instant } from '../../text/instant.ts';
import type { ConnectionTestResult } from '../../webex/api/connection-tests.ts';
import type { PersonResult } from '../../webex/api/people-me.ts';
import type { Actor, Vault } from '../context.ts';
import { requireProfile } from '../profiles/profiles.ts';
import { requireCurrentToken } from './read-token.ts';
import { getNewToken } from './token-remedies.ts';
import { ensureVerified } from './verify-pending.ts';
import { decryptForWebex, queryWebex, recordVerdict } from './webex-verification.ts';

export type CheckId =
  | 'token-accepted'
  | 'organization'
  | 'full-admin'
  | 'entra-test-connection'
  | 'entra-test-groups'
  | 'okta-test-credentials';

export interface Check {
  id: CheckId;
  /** Null: unknown, which does not fail the test. */
  ok: boolean | null;
  message: string;
  /** What to do next. */
  help?: Help;
}

export interface TokenTestResult {
  ok: boolean;
  checks: Check[];
}

/**
 * Runs all checks on a profile's current token that the provisioning tools or a person would run, and stores what the responses
 * show about the token. Throws `E_NO_PROFILE`, `E_NO_TOKEN`. All failures of requests to Webex are part of the result.
 */
export async function testToken(vault: Vault, name: string, actor: Actor): Promise<TokenTestResult> {
  await ensureVerified(vault, (await requireProfile(vault, name)).id, actor);
  const profile = await requireProfile(vault, name);
  const token = await requireCurrentToken(vault, profile, actor);
  const value = await decryptForWebex(vault, token);
  const answer = await queryWebex(vault, profile, value);
  const { person } = answer;

  const orgId = profile.orgId ?? (person.outcome === 'person' ? person.person.orgId : null);
  const webex = vault.webex[profile.deployment];
  const [entra, groups, okta] =
    orgId === null
      ? [null, null, null]
      : await Promise.all([
          webex.entraTestConnection(value, orgId),
          webex.entraTestGroups(value, orgId),
          webex.oktaTestCredentials(value, orgId),
        ]);
  const checks: Check[] = [
    accepted(person, profile, token, vault.now()),
    organization(person, profile),
    fullAdmin(person),
    probe('entra-test-connection', entra),
    probe('entra-test-groups', groups),
    probe('okta-test-credentials', okta),
  ];
  const failed = checks.find(({ ok }) => ok === false);

  await vault.db.transaction().execute(async (trx) => {
    await recordVerdict(trx, token.id, answer, vault.now());
    const outcome = failed === undefined ? 'ok' : failureOf(person, failed.id);
    await appendAudit(trx, vault.now(), { action: 'test', outcome, profile: name, ...actor });
  });
  return { ok: failed === undefined, checks };
}

function failureOf(person: PersonResult, failed: CheckId): string {
  if (failed !== 'token-accepted' || person.outcome === 'person') return failed;
  return person.outcome === 'rejected' ? 'rejected' : person.reason;
}

function accepted(person: PersonResult, profile: Profile, token: Token, now: number): Check {
  const id = 'token-accepted';
  const { expiresAt } = expiryOf(token.lifetimes);
  const expired = expiresAt <= now;
  const date = instant(expiresAt);
  switch (person.outcome) {
    case 'person': {
      const { displayName, emails } = person.person;
      const whose = `${displayName}${emails[0] === undefined ? '' : ` (${emails[0]})`}`;
      const message = `Webex accepts the token. Its account is ${whose}.`;
      if (!expired) return { id, ok: true, message };
      return {
        id,
        ok: true,
        message: `${message} According to the known dates, it expired on ${date}, so it may stop working at any time.`,
        help: getNewToken(profile.name),
      };
    }
    case 'rejected':
      return {
        id,
        ok: false,
        message: expired ? `The token expired on ${date}. ${person.message}` : person.message,
        help: expired ? getNewToken(profile.name) : earlyRevocationHelp(person.help),
      };
    case 'unknown':
      return { id, ok: false, message: person.message, help: person.help };
  }
}

/** Why a token may be rejected before its expiry (Cisco's Entra guide: "All tokens are revoked for the user"). */
function earlyRevocationHelp(help: string): string {
  return `${help} A token is revoked early if someone resets the administrator’s access in Control Hub, or if the administrator is deactivated. Provisioning itself can deactivate the account: exclude the account that signs in from its scope.`;
}

function organization(person: PersonResult, profile: Profile): Check {
  const id = 'organization';
  if (person.outcome !== 'person') {
    return { id, ok: null, message: 'Not tested, because the account of the token is unknown.' };
  }
  const { orgId } = person.person;
  if (profile.orgId === null || profile.orgId === orgId) {
    return { id, ok: true, message: `The token belongs to the organization ${orgId}.` };
  }
  return {
    id,
    ok: false,
    message: `The token belongs to the organization ${orgId}, but "${profile.name}" to ${profile.orgId}.`,
    help: [
      'Provisioning would fail, or change the users of the wrong organization.',
      {
        text: 'Sign in with an account of the right organization',
        command: ['login', profile.name],
        link: { label: 'Sign in again', path: `/profiles/${profile.name}` },
      },
    ],
  };
}

function fullAdmin(person: PersonResult): Check {
  const id = 'full-admin';
  if (person.outcome !== 'person') {
    return { id, ok: null, message: 'Not tested, because the account of the token is unknown.' };
  }
  const { admin, displayName } = person.person;
  const help =
    'Make the account a full administrator in Control Hub, or sign in as a full administrator. Other accounts cannot create users.';
  switch (admin) {
    case 'full':
      return { id, ok: true, message: `${displayName} is a full administrator.` };
    case 'other':
      return {
        id,
        ok: false,
        message: `${displayName} is an administrator, but not a full administrator.`,
        help,
      };
    case 'none':
      return { id, ok: false, message: `${displayName} is not an administrator.`, help };
    case 'unknown':
      return {
        id,
        ok: null,
        message: `Webex did not report the roles of ${displayName}.`,
        help: 'Check in Control Hub that the account is a full administrator.',
      };
  }
}

function probe(id: CheckId, result: ConnectionTestResult | null): Check {
  if (result !== null) return { id, ...result };
  return {
    id,
    ok: null,
    message: 'Not tested, because the organization and therefore the tenant URL are unknown.',
    help: [
      'The organization is set once Webex accepts the token.',
      { text: 'To set it yourself, sign in with --org-id ID.', only: 'terminal' },
    ],
  };
}
