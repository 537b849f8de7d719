import { Command, Option } from 'commander';
import { applyJobSettings } from '../../os-scheduler/job-settings.ts';
import { isUnattended } from '../../provisioning/entra/auth/sign-in-method.ts';
import { unattendedContext } from '../../provisioning/entra/auth/unattended-context.ts';
import { isQuarantined } from '../../provisioning/entra/status/provisioning-status.ts';
import { quarantineAlerts } from '../../provisioning/entra/status/quarantine-alerts.ts';
import { noChannelHelp, openChannels } from '../../reminders/channels/open-channels.ts';
import { currentProcess } from '../../reminders/lease-owner.ts';
import { type Delivery, sendReminders } from '../../reminders/send-reminders.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { countByStatus } from '../../store/profiles/query.ts';
import type { StoreContext } from '../../vault/context.ts';
import { storeLocation } from '../../vault/store-location.ts';
import { deleteExpiredTokens } from '../../vault/tokens/delete-expired.ts';
import { failed } from '../exit-codes.ts';
import { showCount } from '../terminal/progress.ts';
import { note, print, printJson, styled, warn } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';

export function command(): Command {
  return new Command('remind')
    .description('Send what reminders are due, once, and end. For cron, systemd or Task Scheduler.')
    .option('--json', 'as an object, for programs')
    .addOption(new Option('--scheduled <file>', 'the settings that "schedule install" wrote').hideHelp())
    .addOption(new Option('--verify-job', 'only open the store, and say which').hideHelp())
    .addHelpText(
      'after',
      '\nExample:\n  webex-token remind\n\nIt ends 1 where a delivery failed; that one is tried again next time.\n"webex-token schedule install" has the system run it every hour.',
    )
    .action(remind);
}

interface Options {
  json?: boolean;
  scheduled?: string;
  verifyJob?: boolean;
}

async function remind(options: Options): Promise<void> {
  if (options.scheduled !== undefined) applyJobSettings(options.scheduled);
  await withStore(async (records) => {
    if (options.verifyJob) return printJson({ store: redactedLocation(storeLocation(records.settings)) });
    const channels = await openChannels(records.settings.reminders);
    try {
      const send = async (impatient: boolean) => {
        const progress = showCount();
        const deliveries = await sendReminders(records, {
          channels,
          claimant: currentProcess(),
          notices: await quarantineAlerts(records),
          retryNow: impatient,
          onPlanned: (done) => progress.at('Looking at tokens', done),
          onDelivery: (delivery) => {
            progress.end();
            if (!options.json) print(line(delivery));
          },
        });
        progress.end();
        return deliveries;
      };
      // Reminders first: each look at Entra ID may take two minutes where Microsoft Graph does not answer.
      const deliveries = await send(true);
      if (isUnattended(records.settings.entra) && (await lookAtProvisioning(records))) {
        // What just failed waits for the next run.
        deliveries.push(...(await send(false)));
      }
      await deleteExpiredTokens(records);
      const notices = channels.length === 0 ? await quarantineAlerts(records) : [];
      const undeliverable = channels.length === 0 && (notices.length > 0 || (await isAnythingDue(records)));
      // What is sent to some and refused by others is not tried again: this once it shows.
      if (undeliverable || deliveries.some(({ error }) => error !== undefined)) process.exitCode = failed;
      const ways = channels.map(({ name, target }) => ({ channel: name, target }));
      if (options.json) printJson({ channels: ways, deliveries });
      if (channels.length === 0) {
        warn(
          `${undeliverable ? 'Reminders are due, but there' : 'There'} is no way to send any. ${noChannelHelp}`,
        );
      } else if (deliveries.length === 0 && process.stderr.isTTY) {
        note(`Nothing is due. Reminders go to: ${ways.map(({ target }) => target).join('; ')}.`);
      }
    } finally {
      for (const channel of channels) channel.close();
    }
  });
}

/** Asks Entra ID wherever that was not done for a day. Returns whether that found anything in quarantine. */
async function lookAtProvisioning(records: StoreContext): Promise<boolean> {
  const { dailyStatusCheck } = await import('../../provisioning/entra/status/status-checks.ts');
  const next = dailyStatusCheck(records, unattendedContext({ keepsAlive: true }), Math.random);
  let isAnyQuarantined = false;
  for (let watched = await next(); watched !== null; watched = await next()) {
    const { handoff, watch, failure } = watched;
    isAnyQuarantined ||= watch !== null && isQuarantined(watch);
    if (failure === null) continue;
    warn(
      `Provisioning by "${handoff.appName}" could not be looked at. ${failure.message} ${failure.help ?? ''}`.trimEnd(),
    );
  }
  return isAnyQuarantined;
}

async function isAnythingDue({ db, settings, now }: StoreContext): Promise<boolean> {
  const withinDays = Math.max(0, ...settings.reminders.days.map((days) => days + 1));
  const { rejected, expired, expiring } = await countByStatus(db, { now: now(), withinDays });
  return rejected + expired + expiring > 0;
}

function line({ outcome, channel, subject, error }: Delivery): string {
  const word = outcome === 'sent' ? styled('green', 'sent  ') : styled('red', 'failed');
  return `${word}  ${channel.padEnd(7)}  ${subject}${error === undefined ? '' : `: ${error}`}`;
}
