import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { currentProcess } from '../../src/process/lease-owner.ts';
import { packageRoot } from '../../src/program-files.ts';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { sendReminders } from '../../src/reminders/send-reminders.ts';
import { saveDestination } from '../../src/store/destinations.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { findCampaign } from '../../src/vault/profiles/renewal-campaign.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { type BrowserSession, browserSession, copy } from '../support/browser/browser-session.ts';
import { launchBrowser } from '../support/browser/launch.ts';
import { decoded, mailServer } from '../support/reminders/mail-server.ts';
import { actor, today } from '../support/vault/test-vault.ts';

/*
 * Counts what a person has to do: type a command, click, paste, fill in a field. What Webex and Microsoft ask for
 * (user name, password, consent) is not ours. The journey over SSH is in test/cli/login-paste.test.ts.
 */

let browser: Browser;

beforeAll(async () => {
  // Not the shared one: the pages of a browser have one clipboard.
  browser = await launchBrowser();
});

afterAll(() => browser.close());

/** A person with a browser, and how many acts they needed. */
class Person {
  acts = 0;
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Types a command, or pastes it, in a terminal. */
  command(text: string | undefined): void {
    expect(text).toBeTruthy();
    this.acts += 1;
  }

  async click(role: 'button' | 'link', name: string | RegExp): Promise<void> {
    this.acts += 1;
    await this.page.getByRole(role, { name }).click();
  }

  async copy(name: string): Promise<void> {
    this.acts += 1;
    await copy(this.page.getByRole('button', { name }));
  }

  async fill(label: string, text: string): Promise<void> {
    this.acts += 1;
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  async signInToWebex(): Promise<void> {
    await this.page.locator('button[name=account][value=full-admin]').click();
    await this.page.waitForURL(/\/tokens\//);
    await this.page.getByRole('heading', { level: 1, name: /^Token (saved|renewed)/ }).waitFor();
  }

  /** Copies the code, opens Microsoft's page and pastes it there; Microsoft then asks who it is. */
  async signInToEntra(): Promise<void> {
    const opened = this.page.context().waitForEvent('page');
    await this.click('link', /^Copy the code and open the sign-in page/);
    const tab = await opened;
    this.acts += 1;
    await tab.getByLabel('Code').fill(await this.page.evaluate(() => navigator.clipboard.readText()));
    await tab.getByRole('button', { name: 'Sign in as' }).click();
    await tab.getByText('You are signed in.').waitFor();
    await tab.close();
    await this.page.getByRole('heading', { level: 1, name: 'Token sent' }).waitFor();
  }
}

async function personAt(set: BrowserSession): Promise<Person> {
  const page = await set.person({ permissions: ['clipboard-read', 'clipboard-write'] });
  return new Person(page);
}

/** A token from 340 days ago, which has 25 days left. */
async function due(set: BrowserSession, profile: string): Promise<{ profileId: string; tokenId: string }> {
  const { vault, simulator } = set;
  vault.setNow(today - 340 * dayMs);
  const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: (25 * dayMs) / 1000 });
  const tokenId = await importToken(vault, { profile }, accessToken, actor);
  await verifyToken(vault, tokenId, actor);
  vault.setNow(today);
  return { profileId: (await requireProfile(vault, profile)).id, tokenId };
}

/** Its own application in Entra ID, which has the token. */
async function pushedTo(set: BrowserSession, profile: string) {
  const { entra } = set.simulator;
  const app = entra.directory.addApp({ displayName: `Webex of ${profile}` });
  const token = await due(set, profile);
  const destination = { provider: 'entra', appId: app.id, appName: `Webex of ${profile}` } as const;
  await saveDestination(set.vault.db, {
    ...token,
    ...destination,
    method: 'push',
    steps: [],
    installedAt: today - 340 * dayMs,
  });
  return app;
}

async function withEntra(): Promise<BrowserSession> {
  const set = await browserSession(browser);
  const { entra } = set.simulator;
  entra.settings.deviceApproval = 'page';
  const { endpoints, directory } = entra;
  const settings = { graphUrl: endpoints.graph, loginUrl: endpoints.login, tenantId: directory.tenantId };
  Object.assign(set.vault.settings.entra, settings);
  return set;
}

/** Sends the reminders that are due, and returns the command in the mail. */
async function commandOfMail({ vault }: BrowserSession): Promise<string | undefined> {
  const { port, letters } = await mailServer();
  const address = 'it@acme.example';
  const channel = mailChannel({
    ...vault.settings.reminders,
    smtpUrl: `smtp://127.0.0.1:${port}`,
    mailFrom: address,
    mailTo: [address],
  });
  if (channel === null) throw new Error('no mail channel');
  await sendReminders(vault, { channels: [channel], leaseOwner: currentProcess() });
  channel.close();
  expect(letters).toHaveLength(1);
  return /run: (npm .* start)/.exec(decoded(letters[0]?.body ?? ''))?.[1];
}

/** The commands of the first code block of the README. */
function quickStart(): string[] {
  const readme = readFileSync(`${packageRoot}/README.md`, 'utf8');
  return /```sh\n(.*?)```/s.exec(readme)?.[1]?.trim().split('\n') ?? [];
}

describe('the journey of an administrator', () => {
  it('takes at most six acts from the clone to the token in hand', async () => {
    const set = await browserSession(browser);
    const person = await personAt(set);
    for (const command of ['git clone', 'cd', ...quickStart()]) person.command(command);
    await person.fill('Organization name', 'Acme Corporation');
    await person.click('button', 'Sign in to Webex');
    await person.signInToWebex();
    await person.copy('Copy the token');
    const copied = await person.page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe((await readToken(set.vault, 'acme-corporation', actor)).accessToken);
    expect(person.acts).toBeLessThanOrEqual(6);
  });

  it('takes at most five acts from the mail to the renewed token in Entra ID', async () => {
    const set = await withEntra();
    const app = await pushedTo(set, 'acme');
    const command = await commandOfMail(set);
    const person = await personAt(set);
    person.command(command);
    await person.click('button', 'Renew');
    await person.signInToWebex();
    await person.click('button', 'Update Entra ID');
    await person.signInToEntra();
    expect(app.secrets.get('SecretToken')).toBe((await readToken(set.vault, 'acme', actor)).accessToken);
    expect(person.acts).toBeLessThanOrEqual(5);
    await person.page.goto(set.origin);
    expect(await person.page.getByText('1 needs attention').count()).toBe(0);
  });
});

describe('the journey of a partner', () => {
  it('takes one act for an organization that uses the relay, and four if Entra ID needs the token', async () => {
    const set = await withEntra();
    const { vault } = set;
    const names = Array.from({ length: 30 }, (_, at) => `customer-${String(at + 1).padStart(2, '0')}`);
    const pasted = ['customer-02', 'customer-30'];
    const apps = new Map<string, Awaited<ReturnType<typeof pushedTo>>>();
    for (const name of names) {
      if (pasted.includes(name)) {
        apps.set(name, await pushedTo(set, name));
        continue;
      }
      const { profileId } = await due(set, name);
      const { client } = await addClient(
        vault,
        { name: `relay-${name}`, profiles: [name], relayRights: 'all' },
        actor,
      );
      const app = { provider: 'okta', appId: `okta-${name}`, appName: 'Webex' } as const;
      const access = { method: 'push', tokenId: null, via: 'relay', clientId: client.id } as const;
      await saveDestination(vault.db, {
        profileId,
        ...app,
        ...access,
        steps: [],
        installedAt: today - dayMs,
      });
    }
    const command = await commandOfMail(set);
    const person = await personAt(set);
    person.command(command);
    await person.click('link', 'Renew all…');
    await person.click('button', 'Start renewing');
    const before = person.acts;
    expect(before).toBe(3);

    const renewed = async (name: string, isFirst = false) => {
      const started = person.acts;
      await person.click('button', isFirst ? 'Sign in to Webex' : `Next: ${name}`);
      await person.signInToWebex();
      if (pasted.includes(name)) {
        await person.click('button', 'Update Entra ID');
        await person.signInToEntra();
      }
      expect(person.acts - started).toBe(pasted.includes(name) ? 4 : 1);
    };
    const [first = '', second = '', third = ''] = names;
    await renewed(first, true);
    await renewed(second);
    await renewed(third);
    // The others are like the third one, and are renewed here without the browser.
    for (const name of names.slice(3, -2)) {
      const { accessToken } = set.simulator.issueToken('full-admin');
      await verifyToken(vault, await importToken(vault, { profile: name }, accessToken, actor), actor);
    }
    await person.page.reload();
    for (const name of names.slice(-2)) await renewed(name);
    await person.page.getByText('That was the last one.').waitFor();

    const progress = await findCampaign(vault);
    expect(progress?.counts).toMatchObject({ renewed: 30, waiting: 0, undelivered: 0 });
    for (const [name, app] of apps)
      expect(app.secrets.get('SecretToken')).toBe((await readToken(vault, name, actor)).accessToken);
  });
});
