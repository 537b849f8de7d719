import { openChannels } from '../../reminders/channels/open-channels.ts';
import { failedReminders } from '../../store/reminders/reminders.ts';
import { instant } from '../../text/instant.ts';
import type { Vault } from '../../vault/context.ts';
import type { SavedChannelName } from '../../vault/reminders/channel-settings.ts';
import {
  type EffectiveReminders,
  effectiveReminders,
  type SettingsSource,
} from '../../vault/reminders/effective-reminders.ts';
import { triggerLabels } from './timeline.ts';

/** A reminder channel, as pages show it. */
export interface ChannelView {
  name: SavedChannelName;
  title: string;
  /** Where the messages go; null: it is not set up. Never a secret. */
  target: string | null;
  source: SettingsSource;
}

/** The reminder channels, and the reminders that could not be delivered. */
export interface ReminderView {
  channels: ChannelView[];
  /** Whether reminders are sent by mail, by webhook, or on a desktop where someone turned them on. */
  isSetUp: boolean;
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

export const channelTitles: Record<SavedChannelName, string> = {
  mail: 'Mail',
  webhook: 'Webhook',
  desktop: 'This desktop',
};

const channelNames = Object.keys(channelTitles) as SavedChannelName[];

/** With `profile`, only failed reminders of that profile. */
export async function reminderView(vault: Vault, profile?: string): Promise<ReminderView> {
  const channels = await channelViews(await effectiveReminders(vault));
  const failed = (await failedReminders(vault.db)).filter(
    (row) => profile === undefined || row.profile === profile,
  );
  return {
    channels,
    // Desktop notifications that are on by default do not count, because they are easily missed.
    isSetUp: channels.some(({ target, source }) => target !== null && source !== 'automatic'),
    dayList: dayList(vault.settings.reminders.days),
    failed: failed.map((row) => ({
      profile: row.profile,
      channel: channelTitles[row.channel as SavedChannelName] ?? row.channel,
      about: triggerLabels(row.trigger),
      error: row.error ?? 'unknown reason',
      attempts: row.attempts,
      at: instant(row.changedAt),
      retryAt: instant(row.retryAt),
    })),
  };
}

export async function channelViews(reminders: EffectiveReminders): Promise<ChannelView[]> {
  const open = await openChannels(reminders);
  const targets = new Map(open.map(({ name, target }) => [name, target]));
  for (const channel of open) channel.close();
  return channelNames.map((name) => ({
    name,
    title: channelTitles[name],
    target: targets.get(name) ?? null,
    source: reminders.sources[name],
  }));
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
