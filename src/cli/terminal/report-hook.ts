import type { HookRun } from '../../vault/renewals/run-renewal-hook.ts';
import { note, warn } from './terminal.ts';
import { timeInSentence } from './time.ts';

/** Reports a run of the renewal hook on standard error: what it printed, and whether it failed. */
export function reportHook({ profile, error, output, nextAt }: HookRun): void {
  for (const line of output) note(`hook (${profile}): ${line}`);
  if (error === null) return;
  const again = nextAt === null ? '' : ` "serve" and "remind" try again from ${timeInSentence(nextAt)}.`;
  warn(`The renewal hook for "${profile}" failed: ${error}.${again}`);
}
