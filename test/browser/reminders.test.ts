import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { faultsOf } from '../support/browser/axe.ts';
import { browserSession, follow } from '../support/browser/browser-session.ts';
import { sharedBrowser } from '../support/browser/shared-browser.ts';
import { decoded, mailServer } from '../support/reminders/mail-server.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await sharedBrowser();
});

afterAll(() => browser.close());

/** A chat's incoming webhook on this machine, and what was posted to it. */
async function webhook(): Promise<{ url: string; posts: string[] }> {
  const posts: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    request.on('end', () => {
      posts.push(body);
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fake-secret-path`, posts };
}

describe('the page of reminders', () => {
  it('sets up mail and a webhook, tests both, and removes them again', async () => {
    const { port, letters } = await mailServer();
    const hook = await webhook();
    const set = await browserSession(browser);
    const page = await set.person();
    await page.goto(`${set.origin}/reminders`);

    // After a mistake, the form keeps the entered values and shows where the mistake is.
    const mail = page.getByRole('region', { name: 'Mail' });
    await mail.getByLabel('Mail server').fill('127.0.0.1');
    await mail.getByLabel('Encryption').selectOption('starttls');
    await mail.getByLabel('Port').fill(String(port));
    await mail.getByLabel('To').fill('not an address');
    await follow(mail.getByRole('button', { name: 'Save mail reminders' }));
    await page.getByRole('alert').getByRole('link').click();
    await page.locator('#mailTo:focus').waitFor();
    expect(await mail.getByLabel('Port').inputValue()).toBe(String(port));
    expect(await faultsOf(page, 'the mail form with an error')).toEqual([]);

    await mail.getByLabel('To').fill('it@acme.example, ada@acme.example');
    await mail.getByRole('button', { name: 'Save mail reminders' }).click();
    await page.getByText('Mail settings saved.').waitFor();
    await mail.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The test was accepted by it@acme.example, ada@acme.example.').waitFor();
    expect(letters[0]?.to).toEqual(['it@acme.example', 'ada@acme.example']);
    expect(decoded(letters[0]?.body ?? '')).toContain('There is nothing to do.');

    const chat = page.getByRole('region', { name: /webhook/ });
    await chat.getByText('Set up a webhook').click();
    await chat.getByLabel('URL').fill(hook.url);
    await chat.getByRole('button', { name: /^Save/ }).click();
    await page.getByText(/webhook.* saved/i).waitFor();
    await follow(chat.getByRole('button', { name: 'Send a test' }));
    await page.getByRole('status').getByText(/test/i).first().waitFor();
    expect(hook.posts).toHaveLength(1);
    // The URL is a secret: it is nowhere on the page.
    expect(await page.content()).not.toContain('fake-secret-path');
    expect(await faultsOf(page, 'the result of a test')).toEqual([]);

    for (const region of [mail, chat]) {
      await region.getByText('Remove…').click();
      await follow(region.getByRole('button', { name: /^Remove the saved settings/ }));
    }
    expect(await page.getByText('Not set up.').count()).toBe(2);
    expect(set.consoles.filter((line) => !line.includes('422'))).toEqual([]);
  });
});
