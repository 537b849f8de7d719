import { describe, expect, it } from 'vitest';
import type { Token } from '../../src/domain/token.ts';
import { metricsText } from '../../src/monitoring/metrics.ts';
import { monitorAll, monitorNamed } from '../../src/monitoring/monitor.ts';
import { nagiosText } from '../../src/monitoring/nagios.ts';
import { incrementCounter } from '../../src/store/meta/counters.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { acme, capture, days, type TestRecords, today } from '../support/reminders/reminder-fixtures.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';

async function addProfile(
  records: TestRecords,
  name: string,
  left: number,
  changes: Partial<Token> = {},
): Promise<void> {
  const profile = fakeProfile({ name });
  await insertProfile(records.db, profile);
  const expiresAt = today + days(left);
  await capture({ db: records.db, profile }, expiresAt - days(365), { expiresAt, ...changes });
}

const line = async (records: TestRecords, withinDays = 30) =>
  nagiosText(await monitorAll(records, withinDays)).split('\n');

describe('monitorAll and monitorNamed', () => {
  it('names the worst profile in the first line', async () => {
    const records = await acme();
    expect(await line(records)).toEqual(['WEBEX TOKEN UNKNOWN - acme has no token | profiles=1']);
    await addProfile(records, 'fine', 200.5);
    expect((await line(records))[0]).toMatch(/^WEBEX TOKEN UNKNOWN - acme has no token \(2 profiles\) \|/);
    await capture(records, today);
    expect(await line(records)).toEqual([
      "WEBEX TOKEN OK - fine expires in 200 days (2 profiles) | profiles=2 'fine'=200;30:;0: 'acme'=365;30:;0:",
    ]);
    await addProfile(records, 'soon', 12.5);
    expect((await line(records))[0]).toMatch(
      /^WEBEX TOKEN WARNING - soon expires in 12 days \(3 profiles\) \|/,
    );
    expect((await line(records, 12))[0]).toMatch(/^WEBEX TOKEN OK - soon expires in 12 days/);
    expect((await line(records, 13))[0]).toMatch(/^WEBEX TOKEN WARNING/);
    await addProfile(records, 'over', -3.5);
    expect((await line(records))[0]).toMatch(
      /^WEBEX TOKEN CRITICAL - over expired 3 days ago \(4 profiles\) \|/,
    );
    await addProfile(records, 'refused', 300, { rejectedAt: today });
    expect(await line(records)).toEqual([
      expect.stringMatching(/^WEBEX TOKEN CRITICAL - refused is rejected by Webex \(5 profiles\) \|/),
      'CRITICAL: over expired 3 days ago',
      'WARNING: soon expires in 12 days',
    ]);
  });

  it('reports UNKNOWN for an empty store and for a name without a profile', async () => {
    const records = await acme();
    await records.db.deleteFrom('profile').execute();
    expect(await line(records)).toEqual(['WEBEX TOKEN UNKNOWN - no profiles | profiles=0']);
    expect(await monitorNamed(records, ['nobody'], 30)).toMatchObject({ state: 'UNKNOWN' });
  });

  it('checks only the named profiles', async () => {
    const records = await acme();
    await addProfile(records, 'over', -1);
    await addProfile(records, 'fine', 100);
    expect(await monitorNamed(records, ['fine'], 30)).toMatchObject({ state: 'OK', total: 1 });
    expect(await monitorNamed(records, ['fine', 'over', 'fine'], 30)).toMatchObject({
      state: 'CRITICAL',
      total: 2,
    });
  });
});

describe('metricsText', () => {
  it('reports the expiry and validity of each token, and counters that survive a restart', async () => {
    const records = await acme();
    await addProfile(records, 'over', -1);
    await addProfile(records, 'refused', 300, { rejectedAt: today });
    await addProfile(records, 'soon', 12);
    await incrementCounter(records.db, 'reminders', 'mail sent');
    await incrementCounter(records.db, 'reminders', 'mail sent');
    await incrementCounter(records.db, 'checks', 'rate-limited');
    const { contentType, text } = await metricsText(records);
    expect(contentType).toMatch(/^text\/plain/);
    const samples = text.split('\n').filter((each) => each !== '' && !each.startsWith('#'));
    expect(samples.sort()).toEqual(
      [
        `webex_token_expiry_timestamp_seconds{profile="over"} ${(today + days(-1)) / 1000}`,
        `webex_token_expiry_timestamp_seconds{profile="refused"} ${(today + days(300)) / 1000}`,
        `webex_token_expiry_timestamp_seconds{profile="soon"} ${(today + days(12)) / 1000}`,
        `webex_token_effective_expiry_timestamp_seconds{profile="over"} ${(today + days(-1)) / 1000}`,
        `webex_token_effective_expiry_timestamp_seconds{profile="refused"} ${(today + days(300)) / 1000}`,
        `webex_token_effective_expiry_timestamp_seconds{profile="soon"} ${(today + days(12)) / 1000}`,
        ...['acme', 'over', 'refused', 'soon'].map((name) => `webex_token_undelivered{profile="${name}"} 0`),
        'webex_token_valid{profile="acme"} 0',
        'webex_token_valid{profile="over"} 0',
        'webex_token_valid{profile="refused"} 0',
        'webex_token_valid{profile="soon"} 1',
        'webex_token_profiles{status="empty"} 1',
        'webex_token_profiles{status="expired"} 1',
        'webex_token_profiles{status="expiring"} 1',
        'webex_token_profiles{status="rejected"} 1',
        'webex_token_profiles{status="undelivered"} 0',
        'webex_token_profiles{status="valid"} 0',
        'webex_token_reminders_total{channel="mail",outcome="sent"} 2',
        'webex_token_checks_total{outcome="rate-limited"} 1',
      ].sort(),
    );
  });
});

describe('nagiosText', () => {
  it('gives each value a unique label, whatever the profile is called', async () => {
    const records = await acme();
    const report = await monitorAll(records, 30);
    const monitored = ['profiles', "a'b=c|d\ne", 'a_b', 'a=b'].map((profile) => ({
      profile,
      state: 'OK' as const,
      summary: 'expires in 5 days',
      daysLeft: 5,
      expiresAt: null,
      effectiveExpiresAt: null,
      quarantine: null,
    }));
    const text = nagiosText({ ...report, state: 'OK', profiles: monitored, total: 4 });
    expect(text).toBe(
      "WEBEX TOKEN OK - profiles expires in 5 days (4 profiles) | profiles=4 'profiles (days)'=5;30:;0: 'a''b_c_d_e'=5;30:;0: 'a_b'=5;30:;0: 'a_b (days)'=5;30:;0:",
    );
  });

  it('does not let a name add performance data or another line', async () => {
    const records = await acme();
    const text = nagiosText(await monitorNamed(records, ['x|y=1\nOK: z'], 30));
    expect(text).toBe('WEBEX TOKEN UNKNOWN - x_y=1_OK: z does not exist | profiles=1');
  });
});
