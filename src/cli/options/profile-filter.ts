import { type Command, InvalidArgumentError, Option } from 'commander';
import { dayMs } from '../../domain/lifetimes.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import { parseContact, parseTag } from '../../domain/tags.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { ProfileFilter } from '../../store/profiles/query.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';

export interface FilterOptions {
  tag?: string;
  status?: ProfileStatus;
  search?: string;
  deployment?: Deployment;
  expiresWithin?: number;
}

/** What chooses among many profiles. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--tag <tag>', 'only those filed under it', tagOption)
    .addOption(
      new Option('--status <status>', 'only those that stand so').choices([
        'valid',
        'expiring',
        'expired',
        'rejected',
        'empty',
      ]),
    )
    .option(
      '--search <words>',
      'only those whose name, organization, tags, account or contact have all the words',
    )
    .addOption(new Option('--deployment <name>', 'only those of this Webex').choices(deployments))
    .option(
      '--expires-within <days>',
      'only those whose token ends within so many days, or has ended, or is rejected',
      days,
    );
}

export function profileFilter({ expiresWithin, ...filter }: FilterOptions, now: number): ProfileFilter {
  return { ...filter, ...(expiresWithin !== undefined && { endsBefore: now + expiresWithin * dayMs }) };
}

export const tagOption = option(parseTag);
export const contactOption = option(parseContact);

/** A parser whose refusal is wrong usage. */
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
  throw new InvalidArgumentError('It is a whole number of days.');
}
