import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ReminderSettings } from '../../src/config/reminder-settings.ts';
import { effectiveReminders } from '../../src/vault/reminders/effective-reminders.ts';
import { decoded, mailServer } from '../support/reminders/mail-server.ts';
import { auditLog, newVault, settingsWithKeys } from '../support/vault/test-vault.ts';
import { host, type Served, served } from '../support/web/web-client.ts';

const mailForm = {
  mailHost: 'smtp.acme.example',
  mailSecurity: 'tls',
  mailUser: 'ada',
  mailPassword: 'fake-password/with@#%',
  mailTo: 'it@acme.example, ada@acme.example',
};

async function opened(reminders: Partial<ReminderSettings> = {}): Promise<Served & { browser: TestAgent }> {
  const settings = await settingsWithKeys();
  const vault = await newVault(undefined, {
    settings: { ...settings, reminders: { ...settings.reminders, ...reminders } },
  });
  const web = await served(undefined, { vault });
  return { ...web, browser: await web.person() };
}

const post = (browser: TestAgent, path: string, form: object = {}) =>
  browser.post(path).type('form').send(form);

describe('the mail form', () => {
  it('saves a server that reminders use', async () => {
    const { browser, vault } = await opened();
    await post(browser, '/reminders/mail', mailForm).expect(303).expect('Location', '/reminders#mail');
    expect(await effectiveReminders(vault)).toMatchObject({
      smtpUrl: 'smtps://ada:fake-password%2Fwith%40%23%25@smtp.acme.example:465',
      mailTo: ['it@acme.example', 'ada@acme.example'],
      mailFrom: null,
    });
    const { text } = await browser.get('/reminders').expect(200);
    expect(text).toContain('Mail settings saved.');
    expect(text).toContain(
      '<strong>it@acme.example, ada@acme.example</strong>, through smtp.acme.example:465.',
    );
    expect(await auditLog(vault)).toContain('reminder-settings ok -');
  });

  it('never shows the password again, nor logs it', async () => {
    const { browser, logged } = await opened();
    await post(browser, '/reminders/mail', mailForm).expect(303);
    await post(browser, '/reminders/mail', { ...mailForm, mailTo: '' }).expect(422);
    for (const path of ['/reminders', '/', '/audit-log']) {
      expect((await browser.get(path)).text).not.toContain('fake-password');
    }
    expect(logged()).not.toContain('fake-password');
  });

  it.each([
    [{ mailHost: '' }, 'mailHost', 'Enter the mail server.'],
    [{ mailHost: 'smtps://smtp.acme.example' }, 'mailHost', 'Enter the name of the server only.'],
    [{ mailPort: '99999' }, 'mailPort', 'This is not a port number.'],
    [{ mailPort: '587' }, 'mailPort', 'Port 587 starts without TLS.'],
    [{ mailSecurity: 'starttls', mailPort: '465' }, 'mailPort', 'Port 465 starts with TLS.'],
    [{ mailPassword: '' }, 'mailPassword', 'Enter the password.'],
    [{ mailUser: '' }, 'mailUser', 'Enter the user name.'],
    [{ mailUser: 'a\u0000b' }, 'mailPassword', 'User name and password cannot contain control characters.'],
    [{ mailTo: 'nobody' }, 'mailTo', 'Enter at least one email address.'],
    [{ mailFrom: 'nobody' }, 'mailFrom', 'This is not an email address.'],
  ])('keeps what was entered, except the password, with %j', async (change, field, message) => {
    const { browser, vault } = await opened();
    const { text } = await post(browser, '/reminders/mail', { ...mailForm, ...change }).expect(422);
    expect(text).toContain(`<a href="#${field}">${message}`.slice(0, 40));
    expect(text).toContain(message);
    expect(text).toContain(`value="${{ ...mailForm, ...change }.mailTo}"`);
    expect(text).not.toContain('fake-password');
    expect((await effectiveReminders(vault)).smtpUrl).toBeNull();
  });

  it('keeps the saved password only for the server and user that it was saved for', async () => {
    const { browser, vault } = await opened();
    await post(browser, '/reminders/mail', mailForm).expect(303);
    const again = { ...mailForm, mailPassword: '', mailTo: 'ops@acme.example' };
    await post(browser, '/reminders/mail', again).expect(303);
    const { smtpUrl, mailTo } = await effectiveReminders(vault);
    expect([smtpUrl, mailTo]).toEqual([expect.stringContaining('fake-password'), ['ops@acme.example']]);
    for (const change of [
      { mailHost: 'attacker.example' },
      { mailUser: 'mallory' },
      { mailPort: '4650' },
      { mailSecurity: 'starttls' },
    ]) {
      const { text } = await post(browser, '/reminders/mail', { ...again, ...change }).expect(422);
      expect(text).toContain('The saved password goes only to the server and user that it was saved for.');
    }
    expect((await effectiveReminders(vault)).smtpUrl).toBe(smtpUrl);
  });

  it('is refused without a session, and from another origin', async () => {
    const { visitor, browser } = await opened();
    await visitor()
      .post('/reminders/mail')
      .set('Origin', `http://${host}`)
      .type('form')
      .send(mailForm)
      .expect(403);
    await browser
      .post('/reminders/mail')
      .set('Origin', 'http://localhost:4000')
      .type('form')
      .send(mailForm)
      .expect(403);
    await browser.post('/reminders/mail/test').set('Origin', 'null').type('form').expect(403);
  });
});

describe('the webhook form', () => {
  const url = 'https://hooks.slack.com/services/T0FAKE/B0FAKE/fakefakefake';

  it('saves a URL and shows its host only', async () => {
    const { browser, vault } = await opened();
    await post(browser, '/reminders/webhook', { webhookUrl: url }).expect(303);
    expect(await effectiveReminders(vault)).toMatchObject({ webhookUrl: url, webhookSecret: null });
    const { text } = await browser.get('/reminders').expect(200);
    expect(text).toContain('<strong>Slack at hooks.slack.com</strong>');
    expect(text).not.toContain('fakefakefake');
  });

  it('keeps the URL if none is entered, and the secret with it', async () => {
    const { browser, vault } = await opened();
    const webhookSecret = 'fake-secret-of-20-chars';
    await post(browser, '/reminders/webhook', { webhookUrl: 'https://hook.example/1', webhookSecret }).expect(
      303,
    );
    await post(browser, '/reminders/webhook').expect(303);
    expect(await effectiveReminders(vault)).toMatchObject({
      webhookUrl: 'https://hook.example/1',
      webhookSecret,
    });
    await post(browser, '/reminders/webhook', { webhookUrl: 'https://hook.example/2' }).expect(303);
    expect(await effectiveReminders(vault)).toMatchObject({ webhookSecret: null });
  });

  it.each([
    [{}, 'Enter the URL of the webhook.'],
    [{ webhookUrl: 'http://hook.example/fake-path' }, 'This is not the URL of a webhook.'],
    [{ webhookUrl: 'https://user:fake-path@hook.example/' }, 'This is not the URL of a webhook.'],
    [{ webhookUrl: url, webhookSecret: 'fake-path' }, 'The secret needs at least 16 characters.'],
  ])('refuses %j, and repeats none of it', async (form, message) => {
    const { browser } = await opened();
    const { text } = await post(browser, '/reminders/webhook', form).expect(422);
    expect(text).toContain(message);
    expect(text).not.toContain('fake-path');
  });
});

describe('an environment variable', () => {
  it('takes precedence, is named without its value, and is kept when the saved settings are removed', async () => {
    const { browser, vault } = await opened();
    await post(browser, '/reminders/mail', mailForm).expect(303);
    vault.settings.reminders.smtpUrl = 'smtp://ops:fake-secret@127.0.0.1:9';
    vault.settings.reminders.mailTo = ['ops@acme.example'];
    const { text } = await browser.get('/reminders').expect(200);
    expect(text).toContain('Set by <code>WEBEX_TOKEN_SMTP_URL</code>');
    expect(text).toContain('Settings are also saved here.');
    expect(text).not.toContain('fake-secret');
    await post(browser, '/reminders/mail/remove').expect(303);
    expect((await effectiveReminders(vault)).mailTo).toEqual(['ops@acme.example']);
    expect((await browser.get('/reminders')).text).not.toContain('Settings are also saved here.');
    expect(await auditLog(vault)).toContain('reminder-settings removed -');
  });
});

describe('Send a test', () => {
  it('sends one mail to each recipient and says so', async () => {
    const { port, letters } = await mailServer();
    const { browser, vault } = await opened();
    const form = {
      mailHost: '127.0.0.1',
      mailPort: String(port),
      mailSecurity: 'starttls',
      mailTo: mailForm.mailTo,
    };
    await post(browser, '/reminders/mail', form).expect(303);
    const { text } = await post(browser, '/reminders/mail/test').expect(200);
    expect(text).toContain('The test was accepted by it@acme.example, ada@acme.example.');
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ to: ['it@acme.example', 'ada@acme.example'] });
    expect(decoded(letters[0]?.body ?? '')).toContain('There is nothing to do.');
    expect(await auditLog(vault)).toContain('reminder-test ok -');
  });

  it('names what failed, without the password', async () => {
    const { port } = await mailServer({
      authOptional: false,
      onAuth: (auth, _session, done) => done(new Error(`no such user, ${auth.password}`)),
    });
    const { browser, vault, logged } = await opened();
    const form = { ...mailForm, mailHost: '127.0.0.1', mailPort: String(port), mailSecurity: 'starttls' };
    await post(browser, '/reminders/mail', form).expect(303);
    const { text } = await post(browser, '/reminders/mail/test').expect(200);
    expect(text).toContain('The test failed:');
    expect(text).not.toContain('fake-password');
    expect(logged()).not.toContain('fake-password');
    expect(await auditLog(vault)).toContain('reminder-test failed -');
  });

  it('posts a signed event to a webhook', async () => {
    const bodies: { body: string; signature: unknown }[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push({ body, signature: request.headers['x-webex-token-signature'] });
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { browser } = await opened();
    const webhookSecret = 'fake-secret-of-20-chars';
    const webhookUrl = `http://127.0.0.1:${port}/hook`;
    await post(browser, '/reminders/webhook', { webhookUrl, webhookSecret }).expect(303);
    await post(browser, '/reminders/webhook/test').expect(200);
    const [{ body, signature } = { body: '', signature: '' }] = bodies;
    expect(JSON.parse(body)).toMatchObject({ type: 'webex-token.reminder', event: 'test' });
    expect(signature).toBe(`sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`);
  });

  it('says that a channel is not set up', async () => {
    const { browser } = await opened();
    const { text } = await post(browser, '/reminders/webhook/test').expect(200);
    expect(text).toContain('Webhook reminders are not set up.');
  });
});
