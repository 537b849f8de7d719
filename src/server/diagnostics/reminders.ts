import { openChannels } from '../../reminders/channels/open-channels.ts';
import type { SavedChannelName } from '../../vault/reminders/channel-settings.ts';
import type { EffectiveReminders, SettingsSource } from '../../vault/reminders/effective-reminders.ts';
import type { Finding } from './finding.ts';

const sourceTexts: Record<NonNullable<SettingsSource>, string> = {
  environment: 'set by environment variables or .env',
  'web-app': 'set up in the web app',
  automatic: 'found on this machine',
};

/** Reports which channels send reminders, and where their settings come from. Sends nothing. */
export async function diagnoseReminders(reminders: EffectiveReminders): Promise<Finding[]> {
  const title = 'Reminders';
  const { problem, sources, ...settings } = reminders;
  const channels = await openChannels(settings);
  for (const channel of channels) channel.close();
  const found = channels.map(({ name, target }) => {
    const source = sources[name as SavedChannelName];
    return `${target} (${source === null ? name : `${name}, ${sourceTexts[source]}`})`;
  });
  const findings: Finding[] =
    problem === null ? [] : [{ title, ok: false, message: problem.message, help: problem.help }];
  const help = 'Set up mail or a webhook on the Reminders page of the web app, and send a test there.';
  return [
    ...findings,
    found.length > 0
      ? { title, ok: true, message: found.join('; ') }
      : { title, ok: null, message: 'no channel is set up', help },
  ];
}
