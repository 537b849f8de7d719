import { BrokerError } from '../errors/broker-error.ts';
import { errorCodes } from '../errors/error-codes.ts';
import { states } from '../monitoring/nagios.ts';

/*
 * 0 done · 1 failed · 2 wrong usage · 3 no such profile, or it has no token · 4 the token has expired ·
 * 5 Webex or the provisioning tool rejected the token. Scripts depend on these codes.
 */
export const failed = 1;
export const usage = 2;
export const noToken = 3;
export const expired = 4;
export const rejected = 5;

export function exitCodeOf(error: unknown): number {
  return error instanceof BrokerError ? errorCodes[error.code].exit : failed;
}

/** Returns the function that maps an error of this command to its exit code. */
export function exitCodesOf(command: string): (error: unknown) => number {
  // A monitoring system would interpret any other code as a result of the check.
  return command === 'check' ? () => states.UNKNOWN : exitCodeOf;
}
