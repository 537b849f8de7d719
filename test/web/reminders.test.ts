import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { leaseReminder, recordFailed, recordSent } from '../../src/store/reminders/reminders.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, auditLog, justCaptured, newVault, testSettings, today } from '../support/vault/test-vault.ts';
import { host, served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

async function openSeededApp() {
  const settings = await testSettings();
  const reminders = {
    ...settings.reminders,
    smtpUrl: 'smtp://user:fake-password@127.0.0.1:9',
    mailTo: ['it@acme.example'],
  };
  const vault = await newVault(undefined, { settings: { ...settings, reminders } });
  const web = await served(undefined, { vault });
  const tokenId = await importToken(vault, { profile: 'acme' }, justCaptured(usualToken()), actor);
  await verifyToken(vault, tokenId, actor);
  return { ...web, tokenId, browser: await web.person() };
}

describe('the page of reminders and the calendar feed', () => {
  it('show which channels are configured and how to add others, without passwords', async () => {
    const { browser } = await openSeededApp();
    const { text } = await browser.get('/reminders').expect(200);
    expect(text).toContain('Set up: <strong>it@acme.example</strong>, through 127.0.0.1:9.');
    expect(text).toContain('Set by <code>WEBEX_TOKEN_SMTP_URL</code>');
    expect(text).not.toContain('action="/reminders/mail"');
    expect(text).toContain('action="/reminders/webhook"');
    expect(text).toContain('60, 30, 14, 7, 3, and 1 days before, and on the last day');
    expect(text).not.toContain('fake-password');
  });

  it('list sent reminders in the timeline, and show failures on all pages that report them', async () => {
    const { browser, vault, tokenId } = await openSeededApp();
    const claim = (trigger: string, channel: 'mail' | 'webhook') => ({
      tokenId,
      trigger,
      destinationId: null,
      channel,
      eventAt: today,
      attempt: 1,
      leaseOwner: 'x',
      leaseExpiresAt: today,
      now: today,
      deliveredTo: [],
    });
    await leaseReminder(vault.db, claim('30', 'mail'), null);
    await recordSent(vault.db, claim('30', 'mail'), today);
    await leaseReminder(vault.db, claim('14', 'webhook'), null);
    await recordFailed(vault.db, claim('14', 'webhook'), {
      now: today,
      retryAt: today + dayMs,
      error: 'hooks.example answered <500>',
      deliveredTo: [],
    });
    const profile = (await browser.get('/profiles/acme').expect(200)).text;
    expect(profile).toContain('Reminder sent by mail');
    expect(profile).toContain('30 days left.');
    for (const path of ['/profiles/acme', '/reminders']) {
      expect((await browser.get(path)).text).toContain('hooks.example answered &lt;500&gt;');
    }
    expect((await browser.get('/')).text).toContain('A reminder could not be delivered.');
  });

  it('serve the feed at its secret URL without a session', async () => {
    const { browser, visitor, vault, logged } = await openSeededApp();
    const made = await browser.post('/reminders/feed').type('form').expect(200);
    const path = /http:\/\/localhost:3000(\/calendar\/[\w-]{43}\.ics)/.exec(made.text)?.[1] ?? '';
    const response = await visitor()
      .get(path)
      .expect(200)
      .expect('Content-Type', /^text\/calendar/);
    const [event] = new ICAL.Component(ICAL.parse(response.text)).getAllSubcomponents('vevent');
    expect(event?.getFirstPropertyValue('summary')).toBe('Webex token for acme expires');
    expect(response.text).not.toContain(usualToken());
    await visitor().get(path).set('Host', 'attacker.example').expect(421);
    await visitor().get(path).set('Sec-Fetch-Site', 'cross-site').expect(403);
    await visitor()
      .get(`/calendar/${'A'.repeat(43)}.ics`)
      .expect(404);
    expect(logged()).not.toContain(path.slice(10, 30));

    const next = await browser.post('/reminders/feed').type('form').expect(200);
    const path2 = /http:\/\/localhost:3000(\/calendar\/[\w-]{43}\.ics)/.exec(next.text)?.[1] ?? '';
    await visitor().get(path).expect(404);
    await visitor().get(path2).expect(200);
    await browser.post('/reminders/feed/remove').type('form').expect(303);
    await visitor().get(path2).expect(404);
    expect(await auditLog(vault)).toContain('calendar-feed removed -');
  });

  it('serve calendar files with a session, named after the profile', async () => {
    const { browser, visitor } = await openSeededApp();
    await visitor().get('/calendar.ics').expect(403);
    const one = await browser.get('/profiles/acme/calendar.ics').expect(200);
    expect(one.headers['content-disposition']).toBe('attachment; filename=webex-token-acme.ics');
    expect((await browser.get('/calendar.ics').expect(200)).text).toContain('Webex token for acme expires');
    await browser.get('/profiles/nobody/calendar.ics').expect(404);
    await visitor().post('/reminders/feed').set('Origin', `http://${host}`).type('form').expect(403);
  });
});
