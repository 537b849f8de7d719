import { expiryOf } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { ConnectionTestResult } from '../../webex/api/connection-tests.ts';
import type { PersonAnswer } from '../../webex/api/people-me.ts';
import type { Actor, Vault } from '../context.ts';
import { requireProfile } from '../profiles/profiles.ts';
import { requireCurrentToken } from './read-token.ts';
import { ensureVerified } from './verify-pending.ts';
import { decryptForWebex, queryWebex, recordVerdict } from './webex-verification.ts';

export type CheckId =
  | 'token-accepted'
  | 'organization'
  | 'full-admin'
  | 'entra-test-connection'
  | 'okta-test-credentials';

export interface Check {
  id: CheckId;
  /** Null: could not tell, which fails nothing. */
  ok: boolean | null;
  message: string;
  /** What to do next. */
  help?: string;
}

export interface TokenTestResult {
  ok: boolean;
  checks: Check[];
}

/**
 * Asks Webex everything that the provisioning tools and a person would ask about a profile's current token, and keeps
 * what the answers say of it. Throws `E_NO_PROFILE`, `E_NO_TOKEN`; whatever Webex answers is in the result.
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
  const [entra, okta] =
    orgId === null
      ? [null, null]
      : await Promise.all([webex.entraTestConnection(value, orgId), webex.oktaTestCredentials(value, orgId)]);
  const checks: Check[] = [
    accepted(person, profile, token, vault.now()),
    organization(person, profile),
    fullAdmin(person),
    probe('entra-test-connection', entra),
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

function failureOf(person: PersonAnswer, failed: CheckId): string {
  if (failed !== 'token-accepted' || person.outcome === 'person') return failed;
  return person.outcome === 'rejected' ? 'rejected' : person.reason;
}

function accepted(person: PersonAnswer, profile: Profile, token: Token, now: number): Check {
  const id = 'token-accepted';
  const { expiresAt } = expiryOf(token.lifetimes);
  const over = expiresAt <= now;
  const date = new Date(expiresAt).toISOString();
  switch (person.outcome) {
    case 'person': {
      const { displayName, emails } = person.person;
      const whose = `${displayName}${emails[0] === undefined ? '' : ` (${emails[0]})`}`;
      const message = `Webex accepts the token. It is ${whose}’s.`;
      if (!over) return { id, ok: true, message };
      return {
        id,
        ok: true,
        message: `${message} That it should have ended at ${date} was wrong, or comes true any moment.`,
        help: `Renew it all the same: webex-token login ${profile.name}`,
      };
    }
    case 'rejected':
      return {
        id,
        ok: false,
        message: over ? `The token expired at ${date}. ${person.message}` : person.message,
        help: over ? `Get a new one with: webex-token login ${profile.name}` : whyEarly(person.help),
      };
    case 'unknown':
      return { id, ok: false, message: person.message, help: person.help };
  }
}

/** What ends a token before its date (Cisco's Entra guide: "All tokens are revoked for the user"). */
function whyEarly(help: string): string {
  return `${help} Before its date it ends when somebody resets that administrator’s access in Control Hub, or when the administrator is deactivated, which a synchronization can do by itself: keep the account that signs in out of its scope.`;
}

function organization(person: PersonAnswer, profile: Profile): Check {
  const id = 'organization';
  if (person.outcome !== 'person') {
    return { id, ok: null, message: 'Webex did not say which organization the token is of.' };
  }
  const { orgId } = person.person;
  if (profile.orgId === null || profile.orgId === orgId) {
    return { id, ok: true, message: `It is of the organization ${orgId}.` };
  }
  return {
    id,
    ok: false,
    message: `The token is of the organization ${orgId}, but "${profile.name}" is of ${profile.orgId}.`,
    help: `A provisioning tool would be refused, or change the wrong organization’s users. Sign in with an account of the right one: webex-token login ${profile.name}`,
  };
}

function fullAdmin(person: PersonAnswer): Check {
  const id = 'full-admin';
  if (person.outcome !== 'person') {
    return { id, ok: null, message: 'Webex did not say what the account may do.' };
  }
  const { admin, displayName } = person.person;
  const help =
    'Make the account a full administrator in Control Hub, or sign in with one that is: the token of anybody else cannot create users.';
  switch (admin) {
    case 'full':
      return { id, ok: true, message: `${displayName} is a full administrator.` };
    case 'other':
      return { id, ok: false, message: `${displayName} is an administrator, but not a full one.`, help };
    case 'none':
      return { id, ok: false, message: `${displayName} is not an administrator.`, help };
    case 'unknown':
      return {
        id,
        ok: null,
        message: `Webex did not say which roles ${displayName} has.`,
        help: 'Look in Control Hub: it has to be a full administrator.',
      };
  }
}

function probe(id: CheckId, result: ConnectionTestResult | null): Check {
  if (result !== null) return { id, ...result };
  return {
    id,
    ok: null,
    message: 'It could not be tried: the organization, and with it the tenant URL, is not known.',
    help: 'Once Webex accepts the token, it tells the organization itself; or sign in with --org-id.',
  };
}
