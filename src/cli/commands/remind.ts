import { Command, Option } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { applyJobSettings } from '../../os-scheduler/job-settings.ts';
import { currentProcess } from '../../process/lease-owner.ts';
import { isUnattended } from '../../provisioning/entra/auth/sign-in-method.ts';
import { unattendedContext } from '../../provisioning/entra/auth/unattended-context.ts';
import { isQuarantined } from '../../provisioning/entra/status/provisioning-status.ts';
import { quarantineAlertSource } from '../../provisioning/entra/status/quarantine-alerts.ts';
import { noChannelHelp, openChannels } from '../../reminders/channels/open-channels.ts';
import type { Delivery } from '../../reminders/deliver.ts';
import { renewalAlertSource } from '../../reminders/renewal-alerts.ts';
import { sendReminders } from '../../reminders/send-reminders.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { countByStatus } from '../../store/profiles/status-totals.ts';
import { storedChannelNames } from '../../store/reminders/channels.ts';
import type { StoreContext } from '../../vault/context.ts';
import type { SavedChannelName } from '../../vault/reminders/channel-settings.ts';
import {
  type EffectiveReminders,
  effectiveReminders,
  environmentReminders,
} from '../../vault/reminders/effective-reminders.ts';
import { runDueHooks } from '../../vault/renewals/run-renewal-hook.ts';
import { storeLocation } from '../../vault/store-location.ts';
import { deleteExpired } from '../../vault/tokens/delete-expired.ts';
import { closeVault, openVault } from '../../vault/vault.ts';
import { failed } from '../exit-codes.ts';
import { showCount } from '../terminal/progress.ts';
import { reportHook } from '../terminal/report-hook.ts';
import { note, print, printJson, styled, warn } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';

export function command(): Command {
  return new Command('remind')
    .description('Send the reminders that are due, then exit.')
    .option('--json', 'print JSON')
    .addOption(new Option('--scheduled <file>', 'the settings that "schedule install" wrote').hideHelp())
    .addOption(new Option('--verify-job', 'open the store and print which one').hideHelp())
    .addHelpText(
      'after',
      '\nExample:\n  webex-token remind\n\nExits 1 if a delivery failed; the next run tries it again.\nTo run it every hour, use "webex-token schedule install".',
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
    const reminders = await currentReminders(records);
    if (options.verifyJob) {
      if (reminders.problem !== null) throw reminders.problem;
      return printJson({ store: redactedLocation(storeLocation(records.settings)) });
    }
    if (reminders.problem !== null) {
      process.exitCode = failed;
      warn(
        `The reminder settings saved in the web app cannot be used. ${reminders.problem.message} ${reminders.problem.help ?? ''}`.trimEnd(),
      );
    }
    const channels = await openChannels(reminders);
    try {
      const send = async (retryNow: boolean) => {
        const progress = showCount();
        const deliveries = await sendReminders(records, {
          channels,
          leaseOwner: currentProcess(),
          alertSources: [renewalAlertSource(records), quarantineAlertSource(records)],
          retryNow,
          onPlanned: (done) => progress.at('Checking tokens', done),
          onDelivery: (delivery) => {
            progress.end();
            if (!options.json) print(line(delivery));
          },
        });
        progress.end();
        return deliveries;
      };
      // If a hook fails again, the reminders of this run report it.
      await runDueHooks(records, { onHook: reportHook });
      // Reminders are sent first, because a status check can take two minutes if Microsoft Graph does not respond.
      const deliveries = await send(true);
      if (isUnattended(records.settings.entra) && (await checkAllProvisioning(records))) {
        // A delivery that has just failed waits for the next run.
        deliveries.push(...(await send(false)));
      }
      await deleteExpired(records);
      const alerts = channels.length === 0 ? await quarantineAlertSource(records).currentAlerts() : [];
      const undeliverable = channels.length === 0 && (alerts.length > 0 || (await isAnythingDue(records)));
      // A message that some recipients got is not sent again, so this is the only time that the failure is shown.
      if (undeliverable || deliveries.some(({ error }) => error !== undefined)) process.exitCode = failed;
      const targets = channels.map(({ name, target }) => ({ channel: name, target }));
      if (options.json) printJson({ channels: targets, deliveries });
      if (channels.length === 0) {
        warn(
          `${undeliverable ? 'Reminders are due, but no' : 'No'} channel is set up to send them. ${noChannelHelp}`,
        );
      } else if (deliveries.length === 0 && process.stderr.isTTY) {
        note(`No reminders are due. They go to: ${targets.map(({ target }) => target).join('; ')}.`);
      }
    } finally {
      for (const channel of channels) channel.close();
    }
  });
}

/** The settings in effect. The key is loaded only for settings saved in the web app, so a locked keychain affects nothing else. */
async function currentReminders(records: StoreContext): Promise<EffectiveReminders> {
  const environment = environmentReminders(records);
  const isSet = (name: string) => environment.sources[name as SavedChannelName] === 'environment';
  if ((await storedChannelNames(records.db)).every(isSet)) return environment;
  try {
    const vault = await openVault(records.settings, { onWarning: warn });
    try {
      return await effectiveReminders(vault);
    } finally {
      await closeVault(vault);
    }
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { ...environment, problem: error };
  }
}

/** Runs the daily status checks in Entra ID that are due. Returns whether any of them found a quarantine. */
async function checkAllProvisioning(records: StoreContext): Promise<boolean> {
  const { dailyStatusCheck } = await import('../../provisioning/entra/status/status-checks.ts');
  const next = dailyStatusCheck(records, unattendedContext({ keepsAlive: true }), Math.random);
  let isAnyQuarantined = false;
  for (let result = await next(); result !== null; result = await next()) {
    const { destination, status, failure } = result;
    isAnyQuarantined ||= status !== null && isQuarantined(status);
    if (failure === null) continue;
    warn(
      `The status of "${destination.appName}" could not be checked. ${failure.message} ${failure.help ?? ''}`.trimEnd(),
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
