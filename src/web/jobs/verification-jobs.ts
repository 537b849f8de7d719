import type { Logger } from 'pino';
import { toSafeError } from '../../text/safe-error.ts';
import type { VerificationResult } from '../../vault/tokens/verify-token.ts';
import { BackgroundTasks } from './background-tasks.ts';

/** The verifications of captured tokens with Webex, by the token's ID. They run while the browser loads the result page. */
export type VerificationJobs = BackgroundTasks<VerificationResult>;

export function createVerificationJobs(log: Logger): VerificationJobs {
  return new BackgroundTasks((tokenId, error) =>
    log.error({ tokenId, ...toSafeError(error) }, 'the check of a captured token failed'),
  );
}

/** Why a token could not be verified with Webex; null if it was verified, or if this process has not tried. */
export function verificationError(
  jobs: VerificationJobs,
  tokenId: string,
): { message: string; help: string } | null {
  const result = jobs.result(tokenId);
  return result !== null && 'why' in result ? result.why : null;
}
