import { describe, expect, it } from 'vitest';
import { ChannelSet } from '../../src/reminders/channels/channel-set.ts';
import { removeChannelSettings, saveChannelSettings } from '../../src/vault/reminders/channel-settings.ts';
import { actor, newVault } from '../support/vault/test-vault.ts';

describe('ChannelSet', () => {
  it('follows what is set up and removed while it is open, also by another process', async () => {
    const vault = await newVault();
    const other = await newVault(undefined, { settings: vault.settings });
    await saveChannelSettings(other, 'desktop', { enabled: false }, actor);
    const channels = new ChannelSet(vault);
    const targets = async () => (await channels.current()).map(({ target }) => target);
    expect(await targets()).toEqual([]);
    const webhook = { url: 'https://hook.example/1', secret: null };
    await saveChannelSettings(other, 'webhook', webhook, actor);
    expect(await targets()).toEqual(['a webhook at hook.example']);
    const [opened] = await channels.current();
    expect((await channels.current())[0]).toBe(opened);
    const mail = { smtpUrl: 'smtp://127.0.0.1:9', from: null, to: ['it@acme.example'] };
    await saveChannelSettings(other, 'mail', mail, actor);
    await removeChannelSettings(other, 'webhook', actor);
    expect(await targets()).toEqual(['it@acme.example']);
    await channels.close();
  });

  it('reports settings that it cannot read if no other channel is left', async () => {
    const vault = await newVault();
    await saveChannelSettings(vault, 'webhook', { url: 'https://hook.example/1', secret: null }, actor);
    await saveChannelSettings(vault, 'desktop', { enabled: false }, actor);
    await vault.db
      .updateTable('reminder_channel')
      .set({ settings: 'x' })
      .where('channel', '=', 'webhook')
      .execute();
    const channels = new ChannelSet(vault);
    await expect(channels.current()).rejects.toMatchObject({ code: 'E_INTEGRITY' });
    await channels.close();
  });
});
