import { Command } from 'commander';
import { documentedLifetimeMs } from '../../tokens/lifetimes.ts';
import type { ProfileDetails } from '../../tokens/summary.ts';
import { showProfile } from '../../vault/profiles.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { statusWord } from '../status-word.ts';
import { print, printJson, styled } from '../terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('show')
    .description('Everything about one profile but the token itself.')
    .argument('<profile>')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token show acme')
    .action(show);
}

async function show(name: string, options: { json?: boolean }): Promise<void> {
  const details = await withVault((vault) => showProfile(vault, name));
  if (options.json) return printJson(details);
  const lines: [string, string][] = [
    ['Profile', styled('bold', details.profile)],
    ['Status', statusWord(details.status)],
    ['Deployment', deploymentTitles[details.deployment]],
    ['Organization', details.orgId ?? 'not known yet'],
    ['Tenant URL', details.tenantUrl ?? 'made once the organization is known'],
    ['Signed in', details.account ?? 'nobody that Webex named yet'],
    ['Captured', details.capturedAt ?? 'nothing'],
    ['Expires', expiry(details)],
    ...lifetimeLines(details),
    ['Scopes', details.scopes.join(' ')],
  ];
  print(lines.map(([label, value]) => `${label.padEnd(14)}${value}`).join('\n'));
  for (const token of details.tokens) {
    if (token.state === 'current') continue;
    const why = token.setAsideReason === null ? '' : ` (${token.setAsideReason})`;
    print(`${token.state.padEnd(14)}captured ${token.capturedAt}, expires ${token.expiresAt}${why}`);
  }
}

function expiry({ expiresAt, daysLeft, expirySource }: ProfileDetails): string {
  if (expiresAt === null) return 'nothing to expire';
  return `${expiresAt} (${daysLeft} days; ${expirySource})`;
}

function lifetimeLines({ lifetimes }: ProfileDetails): [string, string][] {
  const { confirmed, reported, documented } = lifetimes;
  const lines: [string, string][] = [];
  if (confirmed !== null) lines.push(['  confirmed', `${confirmed}  by Webex, asked about this very token`]);
  if (reported !== null) lines.push(['  reported', `${reported}  by expires_in, when it was captured`]);
  if (documented !== null) lines.push(['  documented', `${documented}  365 days, as Webex’s guides say`]);
  if (reported !== null && documented !== null && confirmed === null && disagree(reported, documented)) {
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
