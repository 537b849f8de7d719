import type { Vault } from '../../vault/context.ts';
import { effectiveReminders } from '../../vault/reminders/effective-reminders.ts';
import type { Channel } from './channel.ts';
import { openChannels } from './open-channels.ts';

/** The channels that are set up. They may change at any time, in the web app or in another process. */
export interface ChannelSource {
  current(): Promise<readonly Channel[]>;
  close(): Promise<void>;
}

/** Opens the channels of a store, and opens them again when their settings change. */
export class ChannelSet implements ChannelSource {
  readonly #vault: Pick<Vault, 'settings' | 'db' | 'keys'>;
  #channels: Channel[] = [];
  /** The settings with which they were opened, as text. */
  #settings = '';
  #opening: Promise<readonly Channel[]> | null = null;

  constructor(vault: Pick<Vault, 'settings' | 'db' | 'keys'>) {
    this.#vault = vault;
  }

  current(): Promise<readonly Channel[]> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    for (const channel of this.#channels) channel.close();
  }

  async #open(): Promise<readonly Channel[]> {
    const { problem, ...reminders } = await effectiveReminders(this.#vault);
    const settings = JSON.stringify(reminders);
    if (settings !== this.#settings) {
      for (const channel of this.#channels) channel.close();
      this.#channels = await openChannels(reminders);
      this.#settings = settings;
    }
    if (problem !== null && this.#channels.length === 0) throw problem;
    return this.#channels;
  }
}

/** A source of channels that never change. */
export function fixedChannels(channels: readonly Channel[]): ChannelSource {
  return {
    current: () => Promise.resolve(channels),
    close: () => {
      for (const channel of channels) channel.close();
      return Promise.resolve();
    },
  };
}
