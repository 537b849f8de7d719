import { createHash } from 'node:crypto';
import { urgencyOf } from '../domain/reminder-triggers.ts';
import type { ReminderMessage } from './message.ts';

/** Several reminders in one message, most urgent first. */
export interface Digest {
  /** An ID that is the same for the same reminders. */
  id: string;
  subject: string;
  summary: string;
  /** In order of urgency. */
  messages: readonly ReminderMessage[];
  /** The names of the organizations, short enough for a notification. */
  shortText: string;
}

/** How many names are listed. More are only counted, because a chat message is limited to a few thousand characters. */
const maxNamed = 3;

export function digestOf(messages: readonly ReminderMessage[]): Digest {
  const ids = messages.map(({ id }) => id).sort();
  const names = [...new Set(messages.map(({ organization }) => organization))];
  const count =
    names.length === 1 ? '1 Webex organization needs' : `${names.length} Webex organizations need`;
  return {
    id: createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 32),
    subject: `${count} attention: ${named(names)}`,
    summary: 'The most urgent comes first.',
    messages,
    shortText: messages
      .slice(0, maxNamed)
      .map(({ subject }) => subject)
      .join('\n'),
  };
}

/** Sorts by urgency: rejected or expired first, then in quarantine, then by days left. */
export function byUrgency(one: ReminderMessage, other: ReminderMessage): number {
  return rank(one) - rank(other) || one.organization.localeCompare(other.organization, 'en');
}

function rank({ trigger, data }: ReminderMessage): number {
  const urgency = urgencyOf(trigger);
  // A quarantine stops provisioning within days. Other events are about programs, and come last.
  if (Number.isNaN(urgency)) return trigger === 'quarantine' ? -0.5 : Number.MAX_SAFE_INTEGER;
  return urgency < 0 ? urgency : (data.daysLeft ?? urgency);
}

function named(names: readonly string[]): string {
  const more = names.length - maxNamed;
  const shown = more > 0 ? [...names.slice(0, maxNamed), `${more} more`] : names;
  return new Intl.ListFormat('en-US', { type: 'conjunction' }).format(shown);
}
