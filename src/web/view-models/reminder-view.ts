import { openChannels } from '../../reminders/channels/open-channels.ts';
import { failedReminders } from '../../store/reminders.ts';
import type { Vault } from '../../vault/context.ts';
import { triggerLabels } from './timeline.ts';

/** Which ways there are to be reminded, and what did not get through. */
export interface ReminderView {
  channels: { name: 'mail' | 'webhook' | 'desktop'; title: string; target: string | null; howTo: string }[];
  /** Largest first. */
  days: number[];
  failed: {
    profile: string;
    channel: string;
    about: string;
    error: string;
    attempts: number;
    /** RFC 3339. */
    at: string;
    retryAt: string | null;
  }[];
}

const kinds = [
  {
    name: 'mail',
    title: 'Mail',
    howTo: 'Set WEBEX_TOKEN_SMTP_URL and WEBEX_TOKEN_MAIL_TO, in the environment or in the file .env.',
  },
  {
    name: 'webhook',
    title: 'Webhook',
    howTo:
      'Set WEBEX_TOKEN_WEBHOOK_URL to an incoming webhook of Slack, Teams, Webex, or a service of your own.',
  },
  { name: 'desktop', title: 'This desktop', howTo: 'The program found no desktop to notify on.' },
] as const;

const channelTitles: Record<string, string> = { mail: 'Mail', webhook: 'Webhook', desktop: 'This desktop' };

/** `profile` leaves out the failures of others. */
export async function reminderView({ db, settings }: Vault, profile?: string): Promise<ReminderView> {
  const open = await openChannels(settings.reminders);
  const targets = new Map(open.map(({ name, target }) => [name, target]));
  for (const channel of open) channel.close();
  const failed = (await failedReminders(db)).filter(
    (row) => profile === undefined || row.profile === profile,
  );
  return {
    channels: kinds.map((kind) => ({ ...kind, target: targets.get(kind.name) ?? null })),
    days: settings.reminders.days,
    failed: failed.map((row) => ({
      profile: row.profile,
      channel: channelTitles[row.channel] ?? row.channel,
      about: triggerLabels(row.trigger),
      error: row.error ?? 'no reason is known',
      attempts: row.attempts,
      at: new Date(row.changedAt).toISOString(),
      retryAt: row.retryAt === null ? null : new Date(row.retryAt).toISOString(),
    })),
  };
}
