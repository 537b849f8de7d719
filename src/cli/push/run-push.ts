import type { ProviderId } from '../../domain/providers.ts';
import type { PushOptions } from '../../provisioning/push/provider-push.ts';
import { type PushReport, pushProfile } from '../../provisioning/push/push-profile.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { note, styled } from '../terminal/terminal.ts';
import { terminalContext } from './terminal-context.ts';

/** Pushes a profile's token to a provider, with progress and findings on standard error. */
export async function runPush(
  provider: ProviderId,
  vault: Vault,
  profile: string,
  actor: Actor,
  options: PushOptions,
  showRequests: boolean,
): Promise<PushReport> {
  const context = terminalContext({ requests: showRequests });
  const report = await pushProfile(provider, vault, profile, actor, options, context);
  if (report.steps.some(({ step, status }) => step === 'job' && status === 'skipped')) {
    note('To start provisioning from here, run the command again with --start.');
  }
  for (const { level, message, source } of report.findings) {
    const [color, label] = levels[level];
    note(`${styled(color, label, process.stderr)} ${message}\n  ${source.title}: ${source.url}`);
  }
  return report;
}

const levels = {
  problem: ['red', 'Problem:'],
  warning: ['yellow', 'Warning:'],
  note: ['dim', 'Note:'],
} as const;
