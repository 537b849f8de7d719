import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { ReminderSettings } from '../../src/config/reminder-settings.ts';
import { storedChannelNames } from '../../src/store/reminders/channels.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeVerifiedBackup } from '../../src/vault/backup/verified.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import {
  type ChannelSettings,
  removeChannelSettings,
  saveChannelSettings,
} from '../../src/vault/reminders/channel-settings.ts';
import { effectiveReminders } from '../../src/vault/reminders/effective-reminders.ts';
import { engine } from '../support/store/engines.ts';
import {
  actor,
  auditLog,
  filesHolding,
  newVault,
  noKeychain,
  type TestVault,
  testSettings,
  today,
} from '../support/vault/test-vault.ts';

const mail: ChannelSettings<'mail'> = {
  smtpUrl: 'smtps://ada:fake-smtp-password@smtp.acme.example:465',
  from: null,
  to: ['it@acme.example'],
};
const webhook = { url: 'https://hooks.acme.example/fake-webhook-path', secret: 'fake-webhook-secret' };

async function vaultWith(reminders: Partial<ReminderSettings> = {}): Promise<TestVault> {
  const settings = await testSettings();
  return await newVault(undefined, {
    settings: { ...settings, reminders: { ...settings.reminders, ...reminders } },
  });
}

async function saveBoth(vault: TestVault): Promise<void> {
  await saveChannelSettings(vault, 'mail', mail, actor);
  await saveChannelSettings(vault, 'webhook', webhook, actor);
}

describe('effectiveReminders', () => {
  it('uses what was saved in the web app', async () => {
    const vault = await vaultWith();
    await saveBoth(vault);
    expect(await effectiveReminders(vault)).toMatchObject({
      smtpUrl: mail.smtpUrl,
      mailTo: mail.to,
      webhookUrl: webhook.url,
      webhookSecret: webhook.secret,
      sources: { mail: 'web-app', webhook: 'web-app', desktop: 'automatic' },
      problem: null,
    });
  });

  it('prefers a variable, and sends its server none of the saved secrets', async () => {
    const vault = await vaultWith({
      smtpUrl: 'smtp://127.0.0.1:25',
      mailTo: ['ops@acme.example'],
      webhookUrl: 'https://other.example/hook',
    });
    await saveBoth(vault);
    expect(await effectiveReminders(vault)).toMatchObject({
      smtpUrl: 'smtp://127.0.0.1:25',
      mailTo: ['ops@acme.example'],
      webhookUrl: 'https://other.example/hook',
      webhookSecret: null,
      sources: { mail: 'environment', webhook: 'environment' },
    });
  });

  it('turns off notifications on the desktop', async () => {
    const vault = await vaultWith();
    expect((await effectiveReminders(vault)).desktopOff).toBe(false);
    await saveChannelSettings(vault, 'desktop', { enabled: false }, actor);
    expect((await effectiveReminders(vault)).desktopOff).toBe(true);
  });

  it('reports settings that another program wrote, and uses the others', async () => {
    const vault = await vaultWith();
    await saveBoth(vault);
    await sql`update reminder_channel set settings = (select settings from reminder_channel where channel = 'webhook')
      where channel = 'mail'`.execute(vault.db);
    const reminders = await effectiveReminders(vault);
    expect(reminders).toMatchObject({ smtpUrl: null, webhookUrl: webhook.url, sources: { mail: null } });
    expect(reminders.problem?.code).toBe('E_INTEGRITY');
    await saveChannelSettings(vault, 'mail', mail, actor);
    expect(await effectiveReminders(vault)).toMatchObject({ smtpUrl: mail.smtpUrl, problem: null });
  });

  it('refuses settings that another program put back', async () => {
    const vault = await vaultWith();
    await saveChannelSettings(vault, 'webhook', { ...webhook, url: 'https://old.example/' }, actor);
    const { settings } = await vault.db
      .selectFrom('reminder_channel')
      .select('settings')
      .executeTakeFirstOrThrow();
    await saveChannelSettings(vault, 'webhook', webhook, actor);
    await vault.db.updateTable('reminder_channel').set({ settings }).execute();
    expect((await effectiveReminders(vault)).problem?.code).toBe('E_INTEGRITY');
  });
});

describe('saveChannelSettings', () => {
  it('replaces the previous settings, and records who changed them', async () => {
    const vault = await vaultWith();
    await saveChannelSettings(vault, 'mail', mail, actor);
    await saveChannelSettings(vault, 'mail', { ...mail, to: ['ops@acme.example'] }, actor);
    expect((await effectiveReminders(vault)).mailTo).toEqual(['ops@acme.example']);
    await removeChannelSettings(vault, 'mail', actor);
    await removeChannelSettings(vault, 'mail', actor);
    expect(await storedChannelNames(vault.db)).toEqual([]);
    expect(await auditLog(vault)).toEqual([
      'reminder-settings ok -',
      'reminder-settings ok -',
      'reminder-settings removed -',
    ]);
  });

  it.runIf(engine === 'sqlite')('writes no secret and no address in plain text', async () => {
    const vault = await vaultWith();
    await saveBoth(vault);
    for (const secret of [
      'fake-smtp-password',
      'fake-webhook-path',
      'fake-webhook-secret',
      'it@acme.example',
    ]) {
      expect(filesHolding(vault.settings.home, secret)).toEqual([]);
    }
  });
});

describe('a new data key', () => {
  it('re-encrypts the saved settings', async () => {
    const vault = await vaultWith();
    await saveBoth(vault);
    const before = await ciphertexts(vault);
    await rotateDataKey(vault, actor);
    const after = await ciphertexts(vault);
    expect(after.filter((text) => before.includes(text))).toEqual([]);
    const again = await newVault(undefined, { settings: vault.settings });
    expect(await effectiveReminders(again)).toMatchObject({ smtpUrl: mail.smtpUrl, problem: null });
  });

  it('leaves settings refused that another program wrote, and re-encrypts the others', async () => {
    const vault = await vaultWith();
    await saveBoth(vault);
    await vault.db
      .updateTable('reminder_channel')
      .set({ settings: 'x' })
      .where('channel', '=', 'mail')
      .execute();
    await rotateDataKey(vault, actor);
    const reminders = await effectiveReminders(vault);
    expect(reminders).toMatchObject({ smtpUrl: null, webhookUrl: webhook.url });
    expect(reminders.problem?.code).toBe('E_INTEGRITY');
  });
});

describe('a backup', () => {
  it('contains the saved settings', async () => {
    const vault = await vaultWith();
    await saveBoth(vault);
    const file = join(vault.settings.home, 'store.backup');
    await writeVerifiedBackup(vault, file, actor, { program: 'test' });
    await removeChannelSettings(vault, 'mail', actor);
    await restoreBackup(file, {
      settings: vault.settings,
      keychain: noKeychain,
      now: () => today,
      actor,
      onWarning: () => {},
    });
    const again = await newVault(undefined, { settings: vault.settings });
    expect(await effectiveReminders(again)).toMatchObject({ smtpUrl: mail.smtpUrl, problem: null });
  });
});

async function ciphertexts({ db }: TestVault): Promise<string[]> {
  const rows = await db.selectFrom('reminder_channel').select('settings').execute();
  return rows.map(({ settings }) => settings);
}
