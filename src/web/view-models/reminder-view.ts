import { openChannels } from '../../reminders/channels/open-channels.ts';
import { failedReminders } from '../../store/reminders.ts';
import { instant } from '../../text/instant.ts';
import type { Vault } from '../../vault/context.ts';
import { triggerLabels } from './timeline.ts';

/** The reminder channels, and the reminders that could not be delivered. */
export interface ReminderView {
  channels: { name: 'mail' | 'webhook' | 'desktop'; title: string; target: string | null; howTo: string }[];
  /** `60, 30 and 7 days before, and on the last day` */
  dayList: string;
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
    howTo: 'Set WEBEX_TOKEN_SMTP_URL and WEBEX_TOKEN_MAIL_TO in the environment or in the .env file.',
  },
  {
    name: 'webhook',
    title: 'Webhook',
    howTo: 'Set WEBEX_TOKEN_WEBHOOK_URL to an incoming webhook of Slack, Teams, Webex, or your own service.',
  },
  { name: 'desktop', title: 'This desktop', howTo: 'No desktop was found to show notifications on.' },
] as const;

const channelTitles: Record<string, string> = { mail: 'Mail', webhook: 'Webhook', desktop: 'This desktop' };

/** With `profile`, only failed reminders of that profile. */
export async function reminderView({ db, settings }: Vault, profile?: string): Promise<ReminderView> {
  const open = await openChannels(settings.reminders);
  const targets = new Map(open.map(({ name, target }) => [name, target]));
  for (const channel of open) channel.close();
  const failed = (await failedReminders(db)).filter(
    (row) => profile === undefined || row.profile === profile,
  );
  return {
    channels: kinds.map((kind) => ({ ...kind, target: targets.get(kind.name) ?? null })),
    dayList: dayList(settings.reminders.days),
    failed: failed.map((row) => ({
      profile: row.profile,
      channel: channelTitles[row.channel] ?? row.channel,
      about: triggerLabels(row.trigger),
      error: row.error ?? 'unknown reason',
      attempts: row.attempts,
      at: instant(row.changedAt),
      retryAt: instant(row.retryAt),
    })),
  };
}

/** `days` is sorted, largest first. */
function dayList(days: readonly number[]): string {
  const before = days.filter((day) => day > 0);
  const parts = [
    before.length > 0
      ? `${inEnglish(before)} ${before.at(-1) === 1 && before.length === 1 ? 'day' : 'days'} before`
      : '',
    days.includes(0) ? 'on the last day' : '',
  ];
  return parts.filter((part) => part !== '').join(', and ');
}

function inEnglish(numbers: readonly number[]): string {
  return new Intl.ListFormat('en-US', { type: 'conjunction' }).format(numbers.map(String));
}
