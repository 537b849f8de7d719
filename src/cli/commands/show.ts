import { Command } from 'commander';
import type { TokenFinding } from '../../domain/assess-token.ts';
import { documentedLifetimeMs } from '../../domain/lifetimes.ts';
import type { ProfileDetails } from '../../domain/profile-summary.ts';
import { providerTitle } from '../../domain/providers.ts';
import { type DestinationView, listDestinations, outdatedMessages } from '../../provisioning/destinations.ts';
import { plural } from '../../text/count.ts';
import type { Vault } from '../../vault/context.ts';
import { rowsToCheckBeforeShowing } from '../../vault/integrity/rollback-detection.ts';
import { requireProfile, showProfile } from '../../vault/profiles/profiles.ts';
import { type HookSummary, hookSummary } from '../../vault/renewals/hook-summary.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { printFields } from '../terminal/print-fields.ts';
import { statusLabel } from '../terminal/status-label.ts';
import { printJson, styled, warn } from '../terminal/terminal.ts';
import { timeInSentence, withLocalTimes } from '../terminal/time.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('show')
    .description('Show everything about a profile except the token itself.')
    .argument('<profile>')
    .option('--live', 'get the provisioning status from Entra ID first')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token show acme')
    .action(show);
}

async function show(name: string, options: { json?: boolean; live?: boolean }): Promise<void> {
  const { details, destinations, renewalHook } = await withVault(
    async (vault) => {
      const details = await showProfile(vault, name);
      if (options.live) await updateProvisioningStatus(vault, name);
      const { id } = await requireProfile(vault, name);
      return {
        details,
        destinations: await listDestinations(vault, name),
        renewalHook: await hookSummary(vault, id),
      };
    },
    { rowsToCheck: rowsToCheckBeforeShowing },
  );
  if (options.json) return printJson({ ...details, destinations, renewalHook });
  const lines: [string, string][] = [
    ...nameLines(details),
    ['Status', statusLabel(details)],
    ['Deployment', deploymentTitles[details.deployment]],
    ['Organization ID', details.orgId ?? 'unknown'],
    ['Tenant URL', details.tenantUrl ?? 'unknown until the organization is known'],
    ['Signed in', details.account ?? 'unknown'],
    ['Captured', details.capturedAt === null ? 'no token yet' : timeInSentence(details.capturedAt)],
    ...effectiveExpiry(details),
    ['Expires', expiry(details)],
    ...lifetimeLines(details),
    ['Scopes', details.scopes.join(' ')],
    ['Contact', details.contact ?? 'none'],
    ['Tags', details.tags.join(' ') || 'none'],
    ...destinations.flatMap(destinationLines),
    ...(renewalHook === null ? [] : [['Renewal hook', hookSentence(renewalHook)] satisfies [string, string]]),
  ];
  for (const token of details.tokens) {
    if (token.state === 'current') continue;
    const why = token.reviewReason === null ? '' : ` (${token.reviewReason})`;
    const expires = token.expiresAt === null ? 'at an unknown time' : timeInSentence(token.expiresAt);
    lines.push([token.state, `captured ${timeInSentence(token.capturedAt)}, expires ${expires}${why}`]);
  }
  printFields(lines);
  if (details.finding !== null) warn(findingSentences[details.finding]);
  for (const sentence of outdatedMessages(name, destinations)) warn(sentence);
}

const findingSentences = {
  'other-organization':
    'The token in use belongs to a different organization than this profile. Provisioning creates users there.',
  'not-full-admin':
    'The account of the token in use is not a full administrator. With this token, users cannot be created.',
} as const satisfies Record<TokenFinding, string>;

/** The display name first; commands use the other one. */
function nameLines({ profile, displayName }: ProfileDetails): [string, string][] {
  if (displayName === null) return [['Profile', styled('bold', profile)]];
  return [
    ['Organization', styled('bold', displayName)],
    ['Profile', profile],
  ];
}

/** Gets the provisioning status of every destination of this profile from Entra ID. */
async function updateProvisioningStatus(vault: Vault, name: string): Promise<void> {
  // Loaded only with --live.
  const [{ checkProvisioning }, { terminalContext }] = await Promise.all([
    import('../../provisioning/entra/status/status-checks.ts'),
    import('../push/terminal-context.ts'),
  ]);
  const { id } = await requireProfile(vault, name);
  for (const { failure } of await checkProvisioning(vault, terminalContext({ requests: false }), id)) {
    if (failure !== null) warn(`${failure.message} ${failure.help ?? ''}`.trimEnd());
  }
}

function destinationLines({
  provider,
  appName,
  app,
  installedAt,
  upToDate,
  via,
  client,
  tokenExpiresAt,
  tokenRejectedAt,
  provisioning,
  checkError,
  review,
}: DestinationView): [string, string][] {
  const delivered =
    installedAt === null
      ? 'not delivered yet'
      : `delivered ${timeInSentence(installedAt)}${upToDate ? '' : `; it still has an earlier token, which ${endOfToken(tokenExpiresAt, tokenRejectedAt)}`}`;
  const offered = client === null ? '' : `; waiting for the first request of the API client ${client}`;
  const when =
    via === 'token' ? `${delivered}${offered}` : `always current, ${viaLabels[via]} (API client ${client})`;
  const id = app === '' ? '' : `, ${app}`;
  const seen =
    provisioning === null
      ? []
      : [`Status ${checkedOn(provisioning.checkedAt)}:`, ...provisioning.sentences.map(withLocalTimes)];
  const failed = checkError === null ? [] : [`The last status check failed: ${checkError}`];
  return [
    ['Destination', `${providerTitle(provider)} (${appName}${id}): ${when}`],
    ...[...seen, ...failed, ...reviewLines(review)].map((sentence): [string, string] => ['', sentence]),
  ];
}

const viaLabels = { relay: 'through the SCIM relay', oauth: 'with tokens from the token endpoint' };

function endOfToken(expiresAt: string | null, rejectedAt: string | null): string {
  if (rejectedAt !== null) return `Webex has rejected since ${timeInSentence(rejectedAt)}`;
  return expiresAt === null ? 'expires at an unknown time' : `expires ${timeInSentence(expiresAt)}`;
}

function hookSentence({ state, attempts, lastRunAt, nextAttemptAt, lastError }: HookSummary): string {
  const next = nextAttemptAt === null ? '' : ` Next attempt after ${timeInSentence(nextAttemptAt)}.`;
  if (state === 'succeeded')
    return `succeeded${lastRunAt === null ? '' : ` on ${timeInSentence(lastRunAt)}`}`;
  if (lastError === null) return 'has not run yet for the current token';
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  return state === 'pending'
    ? `has not run yet for the current token; its last run failed: ${lastError}.${next}`
    : `failed ${times}: ${lastError}.${next}`;
}

/** The result of the last review of the provisioning settings. */
function reviewLines(review: DestinationView['review']): string[] {
  if (review === null) return [];
  const { checkedAt, findings } = review;
  if (findings.length === 0) return [`Settings reviewed ${checkedOn(checkedAt)}: no problems found.`];
  return [
    `Settings reviewed ${checkedOn(checkedAt)}:`,
    ...findings.map(({ level, message }) => `- ${level}: ${message}`),
  ];
}

function checkedOn(instant: string | null): string {
  return instant === null ? 'at an unknown time' : `on ${timeInSentence(instant)}`;
}

function expiry({ capturedAt, expiresAt, daysLeft, expirySource, status }: ProfileDetails): string {
  if (expiresAt === null || daysLeft === null) return capturedAt === null ? 'no token yet' : 'unknown';
  const left = status === 'undelivered' ? '' : `${plural(daysLeft, 'day')} left; `;
  return `${timeInSentence(expiresAt)} (${left}${expirySource})`;
}

/** When the first of the tokens expires that destinations still have. */
function effectiveExpiry({ status, effectiveExpiresAt, daysLeft }: ProfileDetails): [string, string][] {
  if (status !== 'undelivered' || effectiveExpiresAt === null || daysLeft === null) return [];
  return [['Deliver by', `${timeInSentence(effectiveExpiresAt)} (${plural(daysLeft, 'day')} left)`]];
}

function lifetimeLines({ lifetimes, reportedOutlivedAt }: ProfileDetails): [string, string][] {
  const { confirmed, reported, documented } = lifetimes;
  const lines: [string, string][] = [];
  if (confirmed !== null)
    lines.push(['  confirmed', `${timeInSentence(confirmed)}  by Webex, for this token`]);
  if (reported !== null)
    lines.push(['  reported', `${timeInSentence(reported)}  by expires_in, when it was captured`]);
  if (documented !== null)
    lines.push(['  documented', `${timeInSentence(documented)}  365 days, as in the Webex guides`]);
  if (reportedOutlivedAt !== null) {
    lines.push([
      '',
      `Webex still accepted the token on ${timeInSentence(reportedOutlivedAt)}, after the reported date, so the reported date is ignored.`,
    ]);
  } else if (reported !== null && documented !== null && confirmed === null && differ(reported, documented)) {
    lines.push(['', 'The last two dates differ. The earlier date is used until Webex confirms one.']);
  }
  return lines;
}

/** The reported value is one second less than a whole number of days, which does not count as a difference. */
function differ(reported: string, documented: string): boolean {
  return Math.abs(Date.parse(reported) - Date.parse(documented)) > documentedLifetimeMs / 365;
}
