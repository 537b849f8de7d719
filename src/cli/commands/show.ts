import { Command } from 'commander';
import { documentedLifetimeMs } from '../../domain/lifetimes.ts';
import type { ProfileDetails } from '../../domain/profile-summary.ts';
import { type DestinationView, listDestinations, outdatedMessages } from '../../provisioning/destinations.ts';
import { checkProvisioning } from '../../provisioning/entra/status/status-checks.ts';
import { providerNames } from '../../provisioning/record-push.ts';
import type { Vault } from '../../vault/context.ts';
import { requireProfile, showProfile } from '../../vault/profiles/profiles.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { terminalContext } from '../push/terminal-context.ts';
import { statusLabel } from '../terminal/status-label.ts';
import { print, printJson, styled, warn } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('show')
    .description('Everything about one profile but the token itself.')
    .argument('<profile>')
    .option('--live', 'first ask Entra ID how provisioning stands there')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token show acme')
    .action(show);
}

async function show(name: string, options: { json?: boolean; live?: boolean }): Promise<void> {
  const { details, handoffs } = await withVault(async (vault) => {
    const details = await showProfile(vault, name);
    if (options.live) await look(vault, name);
    return { details, handoffs: await listDestinations(vault, name) };
  });
  if (options.json) return printJson({ ...details, handoffs });
  const lines: [string, string][] = [
    ['Profile', styled('bold', details.profile)],
    ['Status', statusLabel(details.status)],
    ['Deployment', deploymentTitles[details.deployment]],
    ['Organization', details.orgId ?? 'not known yet'],
    ['Tenant URL', details.tenantUrl ?? 'made once the organization is known'],
    ['Signed in', details.account ?? 'nobody that Webex named yet'],
    ['Captured', details.capturedAt ?? 'nothing'],
    ['Expires', expiry(details)],
    ...lifetimeLines(details),
    ['Scopes', details.scopes.join(' ')],
    ...handoffs.flatMap(handoffLines),
  ];
  print(lines.map(([label, value]) => `${label.padEnd(14)}${value}`).join('\n'));
  for (const token of details.tokens) {
    if (token.state === 'current') continue;
    const why = token.reviewReason === null ? '' : ` (${token.reviewReason})`;
    print(
      `${token.state.padEnd(14)}captured ${token.capturedAt}, expires ${token.expiresAt ?? 'at a time not known yet'}${why}`,
    );
  }
  for (const sentence of outdatedMessages(name, handoffs)) warn(sentence);
}

/** Asks Entra ID how provisioning stands, wherever this profile's token was handed to. */
async function look(vault: Vault, name: string): Promise<void> {
  const { id } = await requireProfile(vault, name);
  for (const { failure } of await checkProvisioning(vault, terminalContext({ requests: false }), id)) {
    if (failure !== null) warn(`${failure.message} ${failure.help ?? ''}`.trimEnd());
  }
}

function handoffLines({
  tool,
  appName,
  app,
  handedOverAt,
  upToDate,
  provisioning,
  lookFailure,
  review,
}: DestinationView): [string, string][] {
  const when =
    handedOverAt === null
      ? 'to be pasted there'
      : `${handedOverAt}${upToDate ? '' : ', and it still has that earlier token'}`;
  const id = app === '' ? '' : `, ${app}`;
  const seen = provisioning === null ? [] : [`As of ${provisioning.checkedAt}:`, ...provisioning.sentences];
  const failed = lookFailure === null ? [] : [`The last look there failed: ${lookFailure}`];
  return [
    ['Handed to', `${providerNames[tool]} (${appName}${id}): ${when}`],
    ...[...seen, ...failed, ...reviewLines(review)].map((sentence): [string, string] => ['', sentence]),
  ];
}

/** How it is set up there, as it was when that was last read. */
function reviewLines(review: DestinationView['review']): string[] {
  if (review === null) return [];
  const { checkedAt, findings } = review;
  if (findings.length === 0) return [`How it is set up, as of ${checkedAt}: nothing to find fault with.`];
  return [
    `How it is set up, as of ${checkedAt}:`,
    ...findings.map(({ level, message }) => `- ${level}: ${message}`),
  ];
}

function expiry({ capturedAt, expiresAt, daysLeft, expirySource }: ProfileDetails): string {
  if (expiresAt === null) return capturedAt === null ? 'nothing to expire' : 'not known yet';
  return `${expiresAt} (${daysLeft} days; ${expirySource})`;
}

function lifetimeLines({ lifetimes, reportedOutlivedAt }: ProfileDetails): [string, string][] {
  const { confirmed, reported, documented } = lifetimes;
  const lines: [string, string][] = [];
  if (confirmed !== null) lines.push(['  confirmed', `${confirmed}  by Webex, asked about this very token`]);
  if (reported !== null) lines.push(['  reported', `${reported}  by expires_in, when it was captured`]);
  if (documented !== null) lines.push(['  documented', `${documented}  365 days, as Webex’s guides say`]);
  if (reportedOutlivedAt !== null) {
    lines.push([
      '',
      `Webex still accepted it at ${reportedOutlivedAt}, after the reported end: that one was wrong, and counts no more.`,
    ]);
  } else if (
    reported !== null &&
    documented !== null &&
    confirmed === null &&
    disagree(reported, documented)
  ) {
    lines.push([
      '',
      'The last two disagree, in Webex’s own guides too; until Webex confirms one, the earlier counts.',
    ]);
  }
  return lines;
}

/** The values come as one second less than the whole, which is no disagreement. */
function disagree(reported: string, documented: string): boolean {
  return Math.abs(Date.parse(reported) - Date.parse(documented)) > documentedLifetimeMs / 365;
}
