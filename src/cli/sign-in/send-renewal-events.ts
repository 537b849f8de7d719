import { outboundFetch } from '../../http/fetch.ts';
import { currentProcess } from '../../process/lease-owner.ts';
import { webhookChannel } from '../../reminders/channels/webhook.ts';
import { renewalAlertSource } from '../../reminders/renewal-alerts.ts';
import { sendReminders } from '../../reminders/send-reminders.ts';
import type { Vault } from '../../vault/context.ts';
import { effectiveReminders } from '../../vault/reminders/effective-reminders.ts';
import { warn } from '../terminal/terminal.ts';

/**
 * Sends this command's events to the webhook: tokens that became current, and hooks that failed. The next `serve` or `remind`
 * sends them on the other channels, and retries what failed here. Never throws, because the token is already stored.
 */
export async function sendRenewalEvents(vault: Vault): Promise<void> {
  const { renewals } = vault;
  try {
    const channel = webhookChannel(await effectiveReminders(vault), outboundFetch);
    while (renewals.hasUnsentEvents) {
      renewals.hasUnsentEvents = false;
      await Promise.all([channel === null ? undefined : send(vault, channel), renewals.idle()]);
    }
  } catch (error) {
    warn(
      `The renewal events could not be sent to the webhook. ${error instanceof Error ? error.message : ''}`.trim(),
    );
  }
}

/** The maximum, as after the import of a long list. The next `serve` or `remind` sends the rest. */
const maxEvents = 20;

async function send(vault: Vault, channel: NonNullable<ReturnType<typeof webhookChannel>>): Promise<void> {
  await sendReminders(vault, {
    channels: [channel],
    leaseOwner: currentProcess(),
    alertSources: [renewalAlertSource(vault, { limit: maxEvents })],
    onlyAlerts: true,
    onDelivery: ({ trigger, error }) => {
      if (error === undefined) return;
      warn(
        `The event "${trigger}" could not be sent to the webhook: ${error}. "serve" and "remind" try again.`,
      );
    },
  });
}
