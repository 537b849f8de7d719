import type { ReminderSettings } from '../../config/reminder-settings.ts';
import type { BrokerError } from '../../errors/broker-error.ts';
import type { StoreContext, Vault } from '../context.ts';
import { readSavedChannels, type SavedChannelName, type SavedChannels } from './channel-settings.ts';

/** Where the settings of a channel come from. `automatic`: a desktop needs none. Null: it is not set up. */
export type SettingsSource = 'environment' | 'web-app' | 'automatic' | null;

/** The reminder settings in effect: environment variables win over what was set up in the web app. */
export interface EffectiveReminders extends ReminderSettings {
  sources: Record<SavedChannelName, SettingsSource>;
  /** Why the settings that were saved in the web app cannot be used; null if they can, or there are none. */
  problem: BrokerError | null;
}

/** The settings in effect. Saved settings that cannot be read are reported in `problem`: the other channels still work. */
export async function effectiveReminders(
  context: Pick<Vault, 'settings' | 'db' | 'keys'>,
): Promise<EffectiveReminders> {
  const { saved, problem } = await readSavedChannels(context);
  return { ...combine(context.settings.reminders, saved), problem };
}

/** The same without the store: only what the environment sets. */
export function environmentReminders({ settings }: Pick<StoreContext, 'settings'>): EffectiveReminders {
  return combine(settings.reminders, {});
}

function combine(environment: ReminderSettings, saved: SavedChannels): EffectiveReminders {
  const { smtpUrl, mailFrom, mailTo, webhookUrl, webhookSecret } = environment;
  const { mail, webhook, desktop } = saved;
  return {
    ...environment,
    // The whole channel comes from one source: saved recipients or secrets never go to a server that a variable names.
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
