import { describe, expect, it } from 'vitest';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import {
  acme,
  capture,
  days,
  deliver,
  run,
  testChannel,
  today,
} from '../support/reminders/reminder-fixtures.ts';

/** Entra ID holds a token that ends after 25 and a half days; acme was renewed today. */
async function undelivered() {
  const records = await acme();
  const end = today + days(25.5);
  const earlier = await capture(records, today - days(340), { expiresAt: end });
  await deliver(records);
  const current = await capture(records, today);
  return { records, end, earlier, current, mail: testChannel() };
}

describe('the reminder about a profile that was renewed but not delivered', () => {
  it('is sent by the days left of the earlier token, and names the destination that holds it', async () => {
    const { records, end, mail } = await undelivered();
    expect(await run(records, [mail])).toEqual(['mail 30 sent']);
    const [first] = mail.received;
    expect(first).toMatchObject({
      subject: expect.stringMatching(
        /^Deliver the Webex token for acme to Entra ID \(Cisco Webex\) by .* \(25 days left\)$/,
      ),
      summary: expect.stringMatching(
        /^The token was renewed on .*, but Entra ID \(Cisco Webex\) still holds an earlier one\./,
      ),
      action: expect.stringContaining('"npx webex-token push entra acme"'),
      data: {
        expiresAt: new Date(today + days(365)).toISOString(),
        effectiveExpiresAt: new Date(end).toISOString(),
        daysLeft: 25,
        outdatedDestinations: [{ provider: 'entra', app: 'app-1', appName: 'Cisco Webex' }],
      },
    });
    expect(first?.facts).toContainEqual({
      title: 'Renewed, not delivered to',
      value: 'Entra ID (Cisco Webex)',
    });
    const sent: string[] = [];
    for (let left = 24.4; left > -2; left -= 1) {
      records.setNow(end - days(left));
      sent.push(...(await run(records, [mail])));
    }
    expect(sent).toEqual([
      'mail 14 sent',
      'mail 7 sent',
      'mail 3 sent',
      'mail 1 sent',
      'mail 0 sent',
      'mail expired sent',
    ]);
    expect(mail.received.at(-1)?.subject).toMatch(
      /^Deliver the Webex token for acme to Entra ID \(Cisco Webex\) now: the earlier token stopped working on /,
    );
  });

  it('stops once the token is delivered; then the dates of the new one count', async () => {
    const { records, mail, end } = await undelivered();
    expect(await run(records, [mail])).toEqual(['mail 30 sent']);
    await deliver(records);
    records.setNow(end + days(3));
    expect(await run(records, [mail])).toEqual([]);
    records.setNow(today + days(365 - 30));
    expect(await run(records, [mail])).toEqual(['mail 30 sent']);
    expect(mail.received.at(-1)?.subject).toMatch(/^Renew the Webex token for acme by /);
  });

  it('is followed by one about the new token when that expires too', async () => {
    const { records, mail, end } = await undelivered();
    records.setNow(end);
    expect(await run(records, [mail])).toEqual(['mail expired sent']);
    records.setNow(today + days(364));
    expect(await run(records, [mail])).toEqual([]);
    records.setNow(today + days(365));
    expect(await run(records, [mail])).toEqual(['mail expired sent']);
    expect(mail.received.at(-1)?.subject).toMatch(/^Renew the Webex token for acme now: it expired on /);
  });

  it('is sent at once when Webex rejects the earlier token, and is replaced by a rejection of the new one', async () => {
    const { records, mail, earlier, current } = await undelivered();
    await updateToken(records.db, earlier.id, { rejectedAt: today - days(2) });
    expect(await run(records, [mail])).toEqual(['mail expired sent']);
    expect(mail.received.at(-1)?.subject).toMatch(/ now: the earlier token stopped working on /);
    await updateToken(records.db, current.id, { rejectedAt: today });
    expect(await run(records, [mail])).toEqual(['mail rejected sent']);
    expect(mail.received.at(-1)?.subject).toMatch(/^Renew the Webex token for acme now: Webex rejects it/);
  });

  it('is sent again after the clock was set back', async () => {
    const { records, mail, end } = await undelivered();
    records.setNow(today + days(800));
    await run(records, [testChannel('webhook')]);
    records.setNow(end - days(6.5));
    expect(await run(records, [mail])).toEqual(['mail 7 sent']);
  });
});
