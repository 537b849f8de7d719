import { type Command, InvalidArgumentError, Option } from 'commander';
import { dayMs } from '../../domain/lifetimes.ts';
import { type ProfileStatus, profileStatuses } from '../../domain/profile-status.ts';
import { parseContact, parseTag } from '../../domain/tags.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { ProfileFilter } from '../../store/profiles/filter.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';

export interface FilterOptions {
  tag?: string;
  status?: ProfileStatus;
  search?: string;
  deployment?: Deployment;
  within?: number;
}

/** Options that select profiles. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--tag <tag>', 'only profiles with this tag', tagOption)
    .addOption(new Option('--status <status>', 'filter by status').choices(profileStatuses))
    .option(
      '--search <words>',
      'only profiles whose name, organization, tags, account or contact have all these words',
    )
    .addOption(new Option('--deployment <name>', 'filter by Webex deployment').choices(deployments))
    .option(
      '--within <days>',
      'only tokens that expire within this many days, have expired, or were rejected',
      days,
    );
}

export function profileFilter({ within, ...filter }: FilterOptions, now: number): ProfileFilter {
  return { ...filter, ...(within !== undefined && { endsBefore: now + within * dayMs }) };
}

export const tagOption = option(parseTag);
export const contactOption = option(parseContact);

/** Turns an error of the parser into a usage error. */
function option(parse: (text: string) => string): (text: string) => string {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof BrokerError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

export function days(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Use a whole number of days.');
}
