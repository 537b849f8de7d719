import { describe, expect, it, onTestFinished } from 'vitest';
import { startBackgroundJobs } from '../../src/background/background-jobs.ts';
import { quarantineEndsAt } from '../../src/domain/quarantine.ts';
import { metricsText } from '../../src/monitoring/metrics.ts';
import { monitorAll, monitorNamed } from '../../src/monitoring/monitor.ts';
import { nagiosText } from '../../src/monitoring/nagios.ts';
import type { LeaseOwner } from '../../src/process/lease-owner.ts';
import { removeDestination } from '../../src/provisioning/destinations.ts';
import type { ProvisioningStatus } from '../../src/provisioning/entra/status/provisioning-status.ts';
import { quarantineAlertSource } from '../../src/provisioning/entra/status/quarantine-alerts.ts';
import { saveStatus } from '../../src/provisioning/entra/status/save-status.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { leaseMs } from '../../src/reminders/delivery-policy.ts';
import { sendReminders } from '../../src/reminders/send-reminders.ts';
import { startProvisioningJobs } from '../../src/server/provisioning-jobs.ts';
import { destinationsOf, saveDestination } from '../../src/store/destinations.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { failedReminders } from '../../src/store/reminders/reminders.ts';
import type { Vault } from '../../src/vault/context.ts';
import { actor, provisioningVault } from '../support/provisioning/provisioning-vault.ts';
import {
  acme,
  asAnotherProcess,
  capture,
  days,
  leaveLease,
  run,
  running,
  sawExit,
  summaryOf,
  type TestChannel,
  type TestRecords,
  testChannel,
  today,
} from '../support/reminders/reminder-fixtures.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';

/** When the quarantines of these tests started. */
const began = today + days(100);

const active: ProvisioningStatus = {
  jobId: 'job-1',
  status: 'Active',
  lastCycle: null,
  lastSuccessAt: null,
  quarantine: null,
};

function quarantined(since: number, reason = 'EncounteredQuarantineException'): ProvisioningStatus {
  const quarantine = { reason, since, nextAttempt: null, disabledAt: quarantineEndsAt(since), detail: null };
  return { ...active, status: 'Quarantine', quarantine };
}

/** A profile whose token Entra ID has, and the result of a status check. */
async function handedOver(records: TestRecords) {
  const token = await capture(records, today);
  records.setNow(began + days(1));
  const target = { profileId: records.profile.id, provider: 'entra' as const, appId: 'app-1' };
  await saveDestination(records.db, {
    ...target,
    appName: 'Cisco Webex',
    method: 'push',
    tokenId: token.id,
    steps: [],
  });
  const found = async (watch: ProvisioningStatus) => {
    const [destination] = await destinationsOf(records.db, records.profile.id);
    if (destination === undefined) throw new Error('no destination');
    await saveStatus(records, destination, watch);
  };
  return { token, found };
}

/** Sends what is due, with the alerts of the status checks. */
async function remindOf(
  records: TestRecords,
  channels: TestChannel[],
  more: { leaseOwner?: LeaseOwner; retryNow?: boolean } = {},
): Promise<string[]> {
  const alertSources = [quarantineAlertSource(records, 'UTC')];
  const deliveries = await sendReminders(records, { channels, leaseOwner: running, alertSources, ...more });
  return deliveries.map(summaryOf);
}

describe('an alert about a quarantine', () => {
  it('is sent once on each channel, with the application, the dates, the reason and what to do', async () => {
    const records = await acme();
    await records.db.updateTable('profile').set({ contact: 'grace@customer.example' }).execute();
    const { found } = await handedOver(records);
    const [mail, webhook] = [testChannel('mail'), testChannel('webhook')];
    expect(await remindOf(records, [mail, webhook])).toEqual([]);
    await found(quarantined(began));
    expect(await remindOf(records, [mail, webhook])).toEqual([
      'mail quarantine sent',
      'webhook quarantine sent',
    ]);
    for (let day = 2; day < 40; day += 1) {
      records.setNow(began + days(day));
      expect(await remindOf(records, [mail, webhook])).toEqual([]);
    }
    const [message] = mail.received;
    expect(message).toMatchObject({
      trigger: 'quarantine',
      subject: 'Fix provisioning for acme by 7 July: quarantined by Entra ID (27 days left)',
      summary: expect.stringMatching(
        /^Entra ID quarantined "Cisco Webex" on Wednesday 9 June 2027\. .* If no one fixes this, Entra ID disables provisioning on Wednesday 7 July 2027\.$/,
      ),
      action: expect.stringContaining('run "npx webex-token push entra acme"'),
      link: 'http://localhost:3000/profiles/acme',
      steps: [
        expect.stringMatching(/^On the computer .*, open a terminal/),
        expect.stringContaining(
          'go to http://localhost:3000/profiles/acme, open Entra ID, and send the token again',
        ),
      ],
      shortAction: expect.stringContaining('webex-token push entra acme'),
      contact: 'grace@customer.example',
      data: {
        profile: 'acme',
        daysLeft: 264,
        quarantine: {
          app: 'app-1',
          appName: 'Cisco Webex',
          since: new Date(began).toISOString(),
          reason: 'EncounteredQuarantineException',
          disabledAt: new Date(began + days(28)).toISOString(),
          daysLeft: 27,
        },
      },
    });
    expect(message?.facts).toEqual(
      expect.arrayContaining([
        { title: 'Application', value: 'Cisco Webex (app-1)' },
        { title: 'Reason', value: expect.stringMatching(/^Webex did not accept the credentials/) },
        { title: 'Disabled on', value: expect.stringMatching(/; 27 days left$/) },
      ]),
    );
  });

  it('is not sent after the quarantine ended, and again for a new one', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    const mail = testChannel();
    mail.failing = 'down';
    await found(quarantined(began));
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine failed']);
    expect(await failedReminders(records.db)).toHaveLength(1);
    mail.failing = null;
    await found(active);
    expect(await failedReminders(records.db)).toEqual([]);
    expect(await remindOf(records, [mail], { retryNow: true })).toEqual([]);
    records.setNow(began + days(3));
    await found(quarantined(began + days(2)));
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine sent']);
    await found(active);
    // One that ended and started again within hours is a new one.
    await found(quarantined(began + days(2) + 3_600_000));
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine sent']);
  });

  it('is not sent after the token was renewed or the destination removed', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    const mail = testChannel();
    await found(quarantined(began));
    await capture(records, began + days(1));
    expect(await remindOf(records, [mail])).toEqual([]);
    // But a quarantine that starts after that is reported: Entra ID never got the new token.
    await found(quarantined(began + days(2)));
    records.setNow(began + days(3));
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine sent']);
    expect(mail.received[0]?.action).toContain('Entra ID still uses a previous token');

    const other = await acme();
    const place = await handedOver(other);
    mail.failing = 'down';
    await place.found(quarantined(began));
    await remindOf(other, [mail]);
    await removeDestination(other as unknown as Vault, 'acme', { provider: 'entra', appId: 'app-1' }, actor);
    mail.failing = null;
    expect(await remindOf(other, [mail], { retryNow: true })).toEqual([]);
    expect(await failedReminders(other.db)).toEqual([]);
  });

  it('is retried, and neither supersedes reminders of the expiry nor is superseded by them', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    const mail = testChannel();
    mail.failing = 'down';
    await found(quarantined(began));
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine failed']);
    expect(await remindOf(records, [mail])).toEqual([]);
    records.setNow(began + days(1) + 5 * 60_000);
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine failed']);
    records.setNow(today + days(365 - 14));
    expect(await remindOf(records, [mail])).toEqual(['mail 14 failed', 'mail quarantine failed']);
    mail.failing = null;
    expect(await run(records, [mail], { retryNow: true })).toEqual(['mail 14 sent']);
    expect(await failedReminders(records.db)).toMatchObject([{ trigger: /^quarantine /, attempts: 3 }]);
    expect(await remindOf(records, [mail], { retryNow: true })).toEqual(['mail quarantine sent']);
  });

  it('says what to do if the token has expired or is not the cause', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    const mail = testChannel();
    await found(quarantined(began, 'TooManyDeletes'));
    await remindOf(records, [mail]);
    expect(mail.received.at(-1)?.action).toContain('The token is not the cause');
    records.setNow(today + days(370));
    await found(active);
    await found(quarantined(today + days(366)));
    await remindOf(records, [mail]);
    expect(mail.received.at(-1)?.action).toContain('webex-token login acme --push');
  });
});

describe('an alert whose process was killed before it recorded the delivery', () => {
  const killed = async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    await found(quarantined(began));
    const mail = testChannel();
    await leaveLease(records, mail, remindOf);
    return { records, mail };
  };

  it('is sent once by another machine after the lease expired', async () => {
    const { records, mail } = await killed();
    expect(await remindOf(records, [mail])).toEqual([]);
    records.setNow(records.now() + leaseMs);
    expect(await remindOf(records, [mail])).toEqual(['mail quarantine sent']);
    expect(await remindOf(records, [mail])).toEqual([]);
  });

  it('is sent at once by the same machine, which sees that the process has exited', async () => {
    const { records, mail } = await killed();
    expect(await remindOf(records, [mail], { leaseOwner: sawExit })).toEqual(['mail quarantine sent']);
  });
});

describe('sendReminders and check, with a quarantine', () => {
  it('send one alert from several processes at the same time', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    await found(quarantined(began));
    const channel = testChannel();
    const all = await Promise.all(
      [records, await asAnotherProcess(records), await asAnotherProcess(records)].map((each, at) =>
        remindOf(each, [channel], {
          leaseOwner: { id: `process ${at}`, hasExited: () => false },
          retryNow: true,
        }),
      ),
    );
    expect(all.flat()).toEqual(['mail quarantine sent']);
    expect(channel.received).toHaveLength(1);
  });

  it('report WARNING, and CRITICAL after Entra ID disabled provisioning', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    const fine = fakeProfile({ name: 'fine' });
    await insertProfile(records.db, fine);
    await capture({ db: records.db, profile: fine }, today);
    const line = async () =>
      nagiosText(await monitorAll(records, 30))
        .split('\n')[0]
        ?.replace(/ \|.*/, '');
    expect(await line()).toMatch(/^WEBEX TOKEN OK /);
    await found(quarantined(began));
    expect(await line()).toBe(
      'WEBEX TOKEN WARNING - acme is quarantined by Entra ID, 27 days left, and expires in 264 days (2 profiles)',
    );
    expect(await monitorNamed(records, ['fine'], 30)).toMatchObject({ state: 'OK' });
    expect(await monitorNamed(records, ['acme'], 30)).toMatchObject({
      state: 'WARNING',
      profiles: [{ quarantine: { app: 'Cisco Webex', daysLeft: 27 } }],
    });
    const quarantinedSample = async () =>
      (await metricsText(records)).text.match(/^webex_token_quarantined.*$/gm);
    expect(await quarantinedSample()).toEqual(['webex_token_quarantined{profile="acme"} 1']);
    records.setNow(began + days(28));
    expect(await line()).toMatch(
      /^WEBEX TOKEN CRITICAL - acme was disabled by Entra ID, and expires in 237 days/,
    );
    await found(active);
    expect(await line()).toMatch(/^WEBEX TOKEN OK /);
    expect(await quarantinedSample()).toEqual(['webex_token_quarantined{profile="acme"} 0']);
  });

  it('list a quarantined profile before those that expire sooner', async () => {
    const records = await acme();
    const { found } = await handedOver(records);
    await found(quarantined(began));
    for (let index = 0; index < 60; index += 1) {
      const profile = fakeProfile({ name: `customer-${index}` });
      await insertProfile(records.db, profile);
      await capture({ db: records.db, profile }, today - days(10));
    }
    expect(nagiosText(await monitorAll(records, 30))).toMatch(/^WEBEX TOKEN WARNING - acme is quarantined/);
  });

  it('send an alert at once from a running server that finds a quarantine', async () => {
    let now = began;
    const { vault, context, simulator, storeToken } = await provisioningVault(undefined, () => now);
    await storeToken();
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    simulator.revoke('full-admin');
    now += days(1);
    await simulator.entra.runCycle();

    const sent = Promise.withResolvers<void>();
    const channel = testChannel();
    const log = { info: () => {}, warn: () => {}, error: (...messages: unknown[]) => sent.reject(messages) };
    const jobs = startBackgroundJobs(vault, {
      log,
      channels: [
        {
          ...channel,
          deliver: async (message) => {
            await channel.deliver(message);
            if (message.trigger === 'quarantine') sent.resolve();
          },
        },
      ],
      leaseOwner: running,
      random: () => 0.5,
      pause: (milliseconds, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
          // The first reminders have been sent by then, and no later ones are due.
          if (milliseconds < 60_000) resolve();
        }),
      ...startProvisioningJobs(vault, log, context),
    });
    onTestFinished(() => jobs.close());
    await sent.promise;
    expect(channel.received.map(({ trigger }) => trigger).sort()).toContain('quarantine');
  });

  it('do not check the status without unattended sign-in, but report what the check of a person found', async () => {
    const { vault } = await provisioningVault(() => ({}));
    const { checkProvisioning, alertSources = [] } = startProvisioningJobs(vault, { warn: () => {} });
    expect(checkProvisioning).toBeUndefined();
    expect(await alertSources[0]?.currentAlerts()).toEqual([]);
  });
});
