import {
  type EntraPushOptions,
  type EntraPushReport,
  pushProfileToEntra,
} from '../../provisioning/entra/push/push-profile.ts';
import {
  type OktaPushOptions,
  type OktaPushReport,
  pushProfileToOkta,
} from '../../provisioning/okta/push-profile.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { note, styled } from '../terminal/terminal.ts';
import { terminalContext } from './terminal-context.ts';

/** Hands a profile's token to Entra ID, and says on standard error how it goes and what was found there. */
export async function runEntraPush(
  vault: Vault,
  profile: string,
  actor: Actor,
  options: EntraPushOptions,
  showRequests: boolean,
): Promise<EntraPushReport> {
  const report = await pushProfileToEntra(
    vault,
    profile,
    actor,
    options,
    terminalContext({ requests: showRequests }),
  );
  for (const { level, message, source } of report.findings) {
    const [colour, word] = levels[level];
    note(`${styled(colour, word, process.stderr)} ${message}\n  ${source.title}: ${source.url}`);
  }
  return report;
}

/** The same for Okta. */
export async function runOktaPush(
  vault: Vault,
  profile: string,
  actor: Actor,
  options: OktaPushOptions,
  showRequests: boolean,
): Promise<OktaPushReport> {
  return await pushProfileToOkta(vault, profile, actor, options, terminalContext({ requests: showRequests }));
}

const levels = {
  problem: ['red', 'Problem:'],
  warning: ['yellow', 'Look at:'],
  note: ['dim', 'To know:'],
} as const;
