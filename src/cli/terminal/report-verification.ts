import { expiryOf } from '../../domain/lifetimes.ts';
import type { VerificationResult } from '../../vault/tokens/verify-token.ts';
import { wrongDeployment } from '../../vault/tokens/wrong-deployment.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { rejected } from '../exit-codes.ts';
import { note, styled, warn } from './terminal.ts';

/** Says on standard error what became of a new token. Returns the exit code. */
export function reportVerification(settled: VerificationResult): number {
  const { token, profile } = settled;
  for (const warning of token.warnings) warn(warning);
  const who =
    token.account === null
      ? null
      : `${token.account.displayName} (${token.account.email ?? 'no mail address'})`;
  switch (settled.outcome) {
    case 'current':
    case 'unverified': {
      note(
        `${styled('green', 'Stored', process.stderr)} as "${profile.name}", encrypted. ${lifetimeSentence(settled)}`,
      );
      if (who !== null) note(`Signed in: ${who}, ${adminWords[token.account?.admin ?? 'unknown']}.`);
      if (settled.outcome === 'unverified')
        warn(`Not verified yet. ${settled.why.message} ${settled.why.help}`);
      if (profile.orgId === null) {
        warn(`Its organization is not known. Give it with: webex-token import ${profile.name} --org-id ID`);
      }
      return 0;
    }
    case 'waiting':
      note(
        `${styled('yellow', 'Stored, but not in use yet:', process.stderr)} ${settled.why.message} "${profile.name}" keeps using its verified token.`,
      );
      note(
        `It is verified by itself once Webex answers, while "webex-token serve" runs. To use it now: webex-token token activate ${profile.name} ${token.id}`,
      );
      return 0;
    case 'superseded':
      note(`Stored. Webex accepts it, but "${profile.name}" has a newer token, and keeps using that.`);
      return 0;
    case 'rejected':
      note(
        `${styled('red', 'Webex does not accept this token.', process.stderr)} It is stored as "${profile.name}", marked as rejected.`,
      );
      note(
        `Was it copied whole, and is the organization in ${deploymentTitles[profile.deployment]}? Sign in again: webex-token login ${profile.name}`,
      );
      return rejected;
    case 'set-aside':
      note(`${styled('red', 'Set aside:', process.stderr)} ${objections[settled.reason]}`);
      if (who !== null) {
        note(
          `Signed in: ${who}, ${adminWords[token.account?.admin ?? 'unknown']}, organization ${token.account?.orgId}.`,
        );
      }
      if (settled.reason === 'other-deployment') {
        note(`The token is stored, and was not sent to Webex. ${wrongDeployment(profile).help}`);
        return rejected;
      }
      note(
        `The token is stored, but "${profile.name}" does not use it. Sign in as a full administrator of the right organization, in a private window, ` +
          'or take it all the same with --approve, or on its page ("webex-token open").',
      );
      return rejected;
  }
}

const adminWords = {
  full: 'a full administrator',
  other: 'an administrator, but not a full one',
  none: 'not an administrator',
  unknown: 'whose roles Webex did not tell',
};

const objections = {
  'other-deployment': 'the token belongs to the other Webex deployment than this profile.',
  'other-organization': 'the token is of another organization than this profile.',
  'not-full-admin': 'the token is of somebody who is not a full administrator, so it cannot create users.',
  rejected: 'Webex does not accept this token, and the profile has one already.',
};

function lifetimeSentence({ token }: VerificationResult): string {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  if (source === null) return 'Nobody said yet when it ends: Webex is asked about that every day.';
  const until = new Date(expiresAt).toISOString();
  const how = {
    confirmed: 'as Webex confirms',
    reported: 'as the sign-in reported; Webex’s guides say 365 days',
    documented: 'the 365 days that Webex’s guides name',
  }[source];
  return `Good until ${until} (${how}).`;
}
