import type { Command } from 'commander';
import type { WorkloadIdentity } from '../../domain/workload-identity.ts';
import { BrokerError } from '../../errors/broker-error.ts';

export interface WorkloadIdentityOptions {
  issuer?: string;
  subject?: string;
  audience?: string;
  anyScope?: boolean;
}

/** Adds the options for a client that authenticates with a JWT from another issuer. */
export function addWorkloadIdentityOptions(command: Command): Command {
  return command
    .option('--issuer <url>', 'workload identity instead of a secret: the iss of its JWT, an https URL')
    .option('--subject <text>', 'with --issuer: the sub of its JWT; * matches text without : and /')
    .option('--audience <text>', 'with --issuer: the aud of its JWT')
    .option(
      '--any-scope',
      'with --issuer: ignore a requested scope that the token does not have; needed for Entra ID',
    );
}

/** Undefined without any of the options. Throws `E_USAGE` if one is missing. */
export function readWorkloadIdentity(options: WorkloadIdentityOptions): WorkloadIdentity | undefined {
  const { issuer, subject, audience, anyScope } = options;
  if (issuer !== undefined && subject !== undefined && audience !== undefined) {
    return { issuer, subject, audience, anyScope: anyScope ?? false };
  }
  const parts = { '--issuer': issuer, '--subject': subject, '--audience': audience };
  const missing = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 3 && anyScope === undefined) return undefined;
  throw new BrokerError('E_USAGE', `A workload identity also needs ${missing.join(' and ')}.`, {
    help: 'Add --issuer, --subject and --audience together, as the iss, sub and aud of the JWT.',
  });
}
