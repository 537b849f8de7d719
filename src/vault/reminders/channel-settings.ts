import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import {
  deleteChannel,
  type StoredChannel,
  saveChannel,
  storedChannel,
  storedChannelNames,
} from '../../store/reminders/channels.ts';
import { isObject, isStringList, isStringOrNull } from '../../text/json-shape.ts';
import type { Actor, Vault } from '../context.ts';

/** The settings of each channel, as saved in the web app. They contain addresses and secrets, and are stored encrypted. */
interface AllChannelSettings {
  mail: {
    /** Like `WEBEX_TOKEN_SMTP_URL`. */
    smtpUrl: string;
    from: string | null;
    to: string[];
  };
  webhook: { url: string; secret: string | null };
  desktop: { enabled: boolean };
}

export type SavedChannelName = keyof AllChannelSettings;

export type ChannelSettings<Name extends SavedChannelName> = AllChannelSettings[Name];

/** Checks whether decrypted settings have the format of their channel. */
const checks: Record<SavedChannelName, (value: Record<string, unknown>) => boolean> = {
  mail: ({ smtpUrl, from, to }) =>
    typeof smtpUrl === 'string' && isStringOrNull(from) && isStringList(to) && to.length > 0,
  webhook: ({ url, secret }) => typeof url === 'string' && isStringOrNull(secret),
  desktop: ({ enabled }) => typeof enabled === 'boolean',
};

export const savedChannelNames = Object.keys(checks) as SavedChannelName[];

/** The channels set up in the web app. */
export type SavedChannels = { [Name in SavedChannelName]?: ChannelSettings<Name> };

type KeyContext = Pick<Vault, 'db' | 'keys'>;

/** Decrypts the saved settings. Leaves out settings that cannot be used; `problem` has the first error. */
export async function readSavedChannels(
  context: KeyContext,
): Promise<{ saved: SavedChannels; problem: BrokerError | null }> {
  const saved: SavedChannels = {};
  let problem: BrokerError | null = null;
  for (const name of await storedChannelNames(context.db)) {
    if (!isSavedChannelName(name)) continue;
    try {
      const stored = await storedChannel(context.db, name);
      if (stored !== null) Object.assign(saved, { [name]: await decrypt(context, stored) });
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      problem ??= error;
    }
  }
  return { saved, problem };
}

/** Encrypts and saves the settings of a channel, replacing its previous ones. */
export async function saveChannelSettings<Name extends SavedChannelName>(
  { db, keys, now }: Pick<Vault, 'db' | 'keys' | 'now'>,
  channel: Name,
  settings: ChannelSettings<Name>,
  actor: Actor,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const ciphertext = await keys.seal(trx, JSON.stringify(settings), { reminderChannel: channel });
    await saveChannel(trx, { channel, ciphertext, changedAt: now() });
    await appendAudit(trx, now(), { action: 'reminder-settings', outcome: 'ok', subject: channel, ...actor });
  });
}

/** Removes the saved settings of a channel, if there are any. */
export async function removeChannelSettings(
  { db, now }: Pick<Vault, 'db' | 'now'>,
  channel: SavedChannelName,
  actor: Actor,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (!(await deleteChannel(trx, channel))) return;
    const row = { action: 'reminder-settings', outcome: 'removed', subject: channel, ...actor };
    await appendAudit(trx, now(), row);
  });
}

/** Records that a person sent a test message. */
export async function recordReminderTest(
  { db, now }: Pick<Vault, 'db' | 'now'>,
  channel: SavedChannelName,
  outcome: 'ok' | 'failed',
  actor: Actor,
): Promise<void> {
  const row = { action: 'reminder-test', outcome, subject: channel, ...actor };
  await db.transaction().execute((trx) => appendAudit(trx, now(), row));
}

/** Decrypts every saved setting, to verify a copy or a backup. Throws `E_INTEGRITY`. */
export async function verifySavedChannels(context: KeyContext): Promise<void> {
  for (const name of await storedChannelNames(context.db)) {
    const stored = await storedChannel(context.db, name);
    if (stored !== null) await decrypt(context, stored);
  }
}

async function decrypt({ db, keys }: KeyContext, { channel, ciphertext }: StoredChannel): Promise<unknown> {
  const text = await keys.open(ciphertext, { reminderChannel: channel }, db.isTransaction ? db : undefined);
  if (!isSavedChannelName(channel)) return null;
  const settings: unknown = JSON.parse(text);
  if (isObject(settings) && checks[channel](settings)) return settings;
  throw new BrokerError(
    'E_STORE_NEWER',
    `A newer version of this program saved the settings for ${channel} reminders.`,
    {
      help: 'Use that version or a newer one, or set up the channel again on the Reminders page.',
    },
  );
}

function isSavedChannelName(name: string): name is SavedChannelName {
  return Object.hasOwn(checks, name);
}
