import { describe, expect, it } from 'vitest';
import type { Token } from '../../src/domain/token.ts';
import { metricsText } from '../../src/monitoring/metrics.ts';
import { monitorAll, monitorNamed } from '../../src/monitoring/monitor.ts';
import { nagiosText } from '../../src/monitoring/nagios.ts';
import { incrementCounter } from '../../src/store/meta/counters.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { tokensOf, updateToken } from '../../src/store/profiles/tokens.ts';
import {
  acme,
  capture,
  days,
  deliver,
  type TestRecords,
  today,
} from '../support/reminders/reminder-fixtures.ts';
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
  it('marks a token that is used in spite of a finding, without changing the state', async () => {
    const records = await acme();
    const account = {
      id: 'p',
      displayName: 'Ben',
      email: null,
      orgId: records.profile.orgId ?? 'o',
      admin: 'other',
    } as const;
    await capture(records, today, { account });
    const report = await monitorAll(records, 30);
    expect(report).toMatchObject({ state: 'OK', profiles: [{ finding: 'not-full-admin' }] });
    expect(nagiosText(report)).toMatch(
      /^WEBEX TOKEN OK - acme expires in 365 days, but its account is not a full administrator \|/,
    );
  });

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

describe('the check of a profile that was renewed but not delivered', () => {
  /** acme has a new token; Entra ID holds the earlier one, which expires in 25 and a half days. */
  async function undelivered(): Promise<TestRecords> {
    const records = await acme();
    await capture(records, today - days(340), { expiresAt: today + days(25.5) });
    await deliver(records);
    await capture(records, today);
    return records;
  }

  it('is a warning, regardless of the new token', async () => {
    const records = await undelivered();
    expect(await line(records, 7)).toEqual([
      "WEBEX TOKEN WARNING - acme was renewed but not delivered, and the earlier token expires in 25 days | profiles=1 'acme'=25;7:;0:",
    ]);
    expect(await monitorNamed(records, ['acme'], 7)).toMatchObject({
      state: 'WARNING',
      profiles: [
        {
          daysLeft: 25,
          expiresAt: new Date(today + days(365)).toISOString(),
          effectiveExpiresAt: new Date(today + days(25.5)).toISOString(),
        },
      ],
    });
    await deliver(records);
    expect((await line(records, 7))[0]).toMatch(/^WEBEX TOKEN OK - acme expires in 365 days/);
  });

  it('is critical once the earlier token has expired or is rejected', async () => {
    const records = await undelivered();
    records.setNow(today + days(30));
    expect((await line(records))[0]).toMatch(
      /^WEBEX TOKEN CRITICAL - acme was renewed but not delivered, and the earlier token expired 4 days ago/,
    );
    records.setNow(today);
    const [, earlier] = await tokensOf(records.db, records.profile.id);
    await updateToken(records.db, earlier?.id ?? '', { rejectedAt: today - days(2) });
    expect((await line(records))[0]).toMatch(
      /^WEBEX TOKEN CRITICAL - acme .* the earlier token expired 2 days ago/,
    );
  });

  it('does not hide a token that no longer works', async () => {
    const records = await undelivered();
    await addProfile(records, 'over', -3.5);
    expect(await line(records)).toEqual([
      expect.stringMatching(/^WEBEX TOKEN CRITICAL - over expired 3 days ago/),
      expect.stringMatching(/^WARNING: acme was renewed but not delivered/),
    ]);
  });

  it('is shown in the metrics', async () => {
    const { text } = await metricsText(await undelivered());
    for (const sample of [
      `webex_token_expiry_timestamp_seconds{profile="acme"} ${(today + days(365)) / 1000}`,
      `webex_token_effective_expiry_timestamp_seconds{profile="acme"} ${(today + days(25.5)) / 1000}`,
      'webex_token_undelivered{profile="acme"} 1',
      'webex_token_valid{profile="acme"} 1',
      'webex_token_profiles{status="undelivered"} 1',
    ]) {
      expect(text).toContain(`${sample}\n`);
    }
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
  it('gives each value a unique label, regardless of the profile name', async () => {
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
      displayName: null,
      finding: null,
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
