import type { ReminderSettings } from '../../config/reminder-settings.ts';
import { outboundFetch } from '../../http/fetch.ts';
import type { Channel } from './channel.ts';
import { type Desktop, desktopChannel } from './desktop.ts';
import { webhookChannel } from './webhook.ts';

/** Opens the channels that are set up, mail first. Close each when done. */
export async function openChannels(
  settings: ReminderSettings,
  options: { fetch?: typeof globalThis.fetch; desktop?: Desktop } = {},
): Promise<Channel[]> {
  // Loaded only if it is used, because nodemailer is large.
  const mail = settings.smtpUrl === null ? null : (await import('./mail.ts')).mailChannel(settings);
  const webhook = webhookChannel(settings, options.fetch ?? outboundFetch);
  const desktop = settings.desktopOff ? null : desktopChannel(options.desktop);
  return [mail, webhook, desktop].filter((channel) => channel !== null);
}

/** How to set up a channel, if there is none. */
export const noChannelHelp =
  'Set up mail or a webhook on the Reminders page of the web app, or with WEBEX_TOKEN_SMTP_URL and WEBEX_TOKEN_MAIL_TO, or ' +
  'WEBEX_TOKEN_WEBHOOK_URL, in the environment or in .env.';
