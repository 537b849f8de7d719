import type { ReminderSettings } from '../../config/reminder-settings.ts';
import type { BrokerError } from '../../errors/broker-error.ts';
import type { StoreContext, Vault } from '../context.ts';
import { readSavedChannels, type SavedChannelName, type SavedChannels } from './channel-settings.ts';

/** Where the settings of a channel come from. `automatic`: a desktop needs no settings. Null: not set up. */
export type SettingsSource = 'environment' | 'web-app' | 'automatic' | null;

/** The reminder settings in effect. Environment variables take precedence over settings saved in the web app. */
export interface EffectiveReminders extends ReminderSettings {
  sources: Record<SavedChannelName, SettingsSource>;
  /** Why the settings saved in the web app cannot be used; null if they can, or if there are none. */
  problem: BrokerError | null;
}

/** The settings in effect. Saved settings that cannot be read are reported in `problem`, and the other channels still work. */
export async function effectiveReminders(
  context: Pick<Vault, 'settings' | 'db' | 'keys'>,
): Promise<EffectiveReminders> {
  const { saved, problem } = await readSavedChannels(context);
  return { ...combine(context.settings.reminders, saved), problem };
}

/** The same without the store: only the environment variables. */
export function environmentReminders({ settings }: Pick<StoreContext, 'settings'>): EffectiveReminders {
  return combine(settings.reminders, {});
}

function combine(environment: ReminderSettings, saved: SavedChannels): EffectiveReminders {
  const { smtpUrl, mailFrom, mailTo, webhookUrl, webhookSecret } = environment;
  const { mail, webhook, desktop } = saved;
  return {
    ...environment,
    // All settings of a channel come from one source, so saved recipients or secrets are never sent to a server from a variable.
    ...(smtpUrl === null &&
      mail !== undefined && { smtpUrl: mail.smtpUrl, mailTo: mail.to, mailFrom: mailFrom ?? mail.from }),
    ...(webhookUrl === null &&
      webhook !== undefined && { webhookUrl: webhook.url, webhookSecret: webhookSecret ?? webhook.secret }),
    desktopOff: desktop?.enabled === false,
    sources: {
      mail: smtpUrl !== null && mailTo.length > 0 ? 'environment' : mail === undefined ? null : 'web-app',
      webhook: webhookUrl !== null ? 'environment' : webhook === undefined ? null : 'web-app',
      desktop: desktop === undefined ? 'automatic' : 'web-app',
    },
    problem: null,
  };
}
