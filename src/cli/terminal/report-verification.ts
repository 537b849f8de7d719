import { expiryOf } from '../../domain/lifetimes.ts';
import { profileLabel } from '../../domain/profile.ts';
import { commandLine } from '../../errors/remedy.ts';
import { othersOfOrganization } from '../../store/profiles/same-organization.ts';
import type { Vault } from '../../vault/context.ts';
import type { VerificationResult } from '../../vault/tokens/verify-token.ts';
import { wrongDeployment } from '../../vault/tokens/wrong-deployment.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { rejected } from '../exit-codes.ts';
import { note, styled, warn } from './terminal.ts';
import { dateInSentence } from './time.ts';

/** Reports the verification of a new token on standard error. Returns the exit code. */
export async function reportVerification(
  { db }: Pick<Vault, 'db'>,
  result: VerificationResult,
): Promise<number> {
  const { token, profile } = result;
  for (const warning of token.warnings) warn(warning);
  const who =
    token.account === null
      ? null
      : `${token.account.displayName} (${token.account.email ?? 'no email address'})`;
  const label = profile.displayName === null ? `"${profile.name}"` : profileLabel(profile);
  switch (result.outcome) {
    case 'current':
    case 'unverified': {
      note(`${styled('green', 'Saved', process.stderr)} ${label}. ${expirySentence(result)}`);
      if (who !== null) note(`Signed in as ${who}, ${adminDescriptions[token.account?.admin ?? 'unknown']}.`);
      if (result.outcome === 'unverified') warn(`Not verified yet. ${result.why.message} ${result.why.help}`);
      if (profile.orgId === null) {
        warn(
          `The organization is unknown. Import the token again with its organization ID: ${commandLine(['import', profile.name, '--org-id', 'ID'])}`,
        );
      }
      const others = await othersOfOrganization(db, profile);
      if (others.length > 0) {
        warn(
          `${others.map(profileLabel).join(', ')} ${others.length === 1 ? 'belongs' : 'belong'} to the same organization. If ${label} is a different one, the wrong account signed in.`,
        );
      }
      return 0;
    }
    case 'waiting':
      note(
        `${styled('yellow', 'Saved, but not in use yet:', process.stderr)} ${result.why.message} "${profile.name}" keeps its verified token.`,
      );
      note(
        `While "webex-token serve" runs, it is verified as soon as Webex responds. To use it now, run: ${commandLine(['token', 'activate', profile.name, token.id])}`,
      );
      return 0;
    case 'superseded':
      note(`Saved. Webex accepts the token, but "${profile.name}" keeps its newer token.`);
      return 0;
    case 'rejected':
      note(
        `${styled('red', 'Webex rejected this token.', process.stderr)} It is saved for "${profile.name}" and marked as rejected.`,
      );
      note(
        `Check that the whole token was copied and that the organization is in ${deploymentTitles[profile.deployment]}, or sign in again: ${commandLine(['login', profile.name])}`,
      );
      return rejected;
    case 'needs-review':
      note(`${styled('red', 'Needs review:', process.stderr)} ${reviewReasons[result.reason]}`);
      if (who !== null) {
        note(
          `Signed in as ${who}, ${adminDescriptions[token.account?.admin ?? 'unknown']}, organization ${token.account?.orgId}.`,
        );
      }
      if (result.reason === 'other-deployment') {
        note(`The token is saved and was not sent to Webex. ${wrongDeployment(profile).help}`);
        return rejected;
      }
      note(
        `The token is saved, but "${profile.name}" does not use it. Sign in as a full administrator of the right organization, in a private window, ` +
          'or use it anyway with --approve.',
      );
      if (result.reason === 'other-organization') {
        note(
          `If an earlier sign-in used the wrong account, open the review of the token in the web app, and choose "Change the organization": ${commandLine(['open'])}`,
        );
      }
      return rejected;
  }
}

const adminDescriptions = {
  full: 'a full administrator',
  other: 'not a full administrator',
  none: 'not an administrator',
  unknown: 'roles unknown',
};

const reviewReasons = {
  'other-deployment': 'the token belongs to a different Webex deployment than this profile.',
  'other-organization': 'the token belongs to a different organization than this profile.',
  'not-full-admin': 'the person who signed in is not a full administrator, so the token cannot create users.',
  rejected: 'Webex rejected this token, and the profile has another one.',
};

function expirySentence({ token }: VerificationResult): string {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  if (source === null) return 'Its expiry date is unknown. It is checked with Webex every day.';
  const how = {
    confirmed: 'confirmed by Webex',
    reported: 'reported at sign-in; the Webex guides say 365 days',
    documented: 'estimated: 365 days, as in the Webex guides',
  }[source];
  return `Expires ${dateInSentence(expiresAt)} (${how}).`;
}
