import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { expect, it, onTestFinished } from 'vitest';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { openPage } from '../support/browser/both-browsers.ts';
import { leaveWorker, type OtherProject, type WorkerKind } from '../support/browser/other-project.ts';
import {
  mainText,
  type Program,
  press,
  runProgram,
  signInAtWebex,
  untilHeading,
} from '../support/browser/serve-process.ts';
import { actor } from '../support/vault/test-vault.ts';

/** A service worker that another project left in this browser. */
export function testServiceWorker(browser: () => Browser): void {
  /** A separate browser in which another project left its worker, and the program on the port of that project. */
  async function visited(
    kind: WorkerKind,
  ): Promise<{ page: Page; project: OtherProject<Page>; program: Program; draft(): Promise<string | null> }> {
    const context = await profile();
    const project = await leaveWorker(context, kind);
    const program = await runProgram(project.port);
    const page = await openPage(context);
    // It would get the token: this is the part that it sees of a URL like the redirect of Webex.
    await page.goto(`${program.origin}/auth/code#access_token=fake-bait`);
    await expect.poll(() => project.seen()).toContain('#access_token=fake-bait');
    const { tab } = project;
    const draft = async () => {
      await tab.goto(`${program.origin}/healthz`);
      return await tab.evaluate(() => localStorage.getItem('draft'));
    };
    return { page, project, program, draft };
  }

  async function profile(): Promise<BrowserContext> {
    const context = await browser().createBrowserContext();
    onTestFinished(() => context.close());
    return context;
  }

  async function expectCaptured({ vault }: Program, project: OtherProject<Page>): Promise<void> {
    const { accessToken } = await readToken(vault, 'acme', actor);
    expect(project.seen()).not.toContain(accessToken);
  }

  it('is found before the web app opens if it answers from its cache', async () => {
    const { page, project, program, draft } = await visited('answers from its cache');
    await page.goto(program.sideOrigin + (await program.entry()));
    await untilHeading(page, 'Something else responds at this address');
    expect(await mainText(page)).toContain(`other apps stored in this browser for ${program.origin}`);
    expect(await draft()).toBe('of another project');
    await press(page, 'Remove and continue');
    await untilHeading(page, 'Get your first Webex token');
    expect(await draft()).toBeNull();
    await page.type('#name', 'Acme');
    await press(page, 'Sign in to Webex');
    await signInAtWebex(page);
    await expectCaptured(program, project);
  });

  it('is found before a sign-in from a terminal starts if it passes everything on', async () => {
    const { page, project, program, draft } = await visited('passes everything on');
    const { link } = await createSignInLink(program.vault, { profile: 'acme' });
    await page.goto(`${program.sideOrigin}/sign-in/${link}`);
    await untilHeading(page, 'Another app may be intercepting this page');
    expect(await mainText(page)).toContain(`${program.origin}/sw.js`);
    expect(await draft()).toBe('of another project');
    await press(page, 'Remove and continue');
    await signInAtWebex(page, 'acme');
    expect(await mainText(page)).toContain('You can close this window');
    expect(await draft()).toBeNull();
    await expectCaptured(program, project);
  });

  it('is found on the way to Webex if it only watches', async () => {
    const { page, project, program, draft } = await visited('only watches');
    await page.goto(program.origin + (await program.entry()));
    await page.type('#name', 'Acme');
    await press(page, 'Sign in to Webex');
    await untilHeading(page, 'Another app may be intercepting this page');
    expect(await mainText(page)).toContain(`${program.origin}/sw.js`);
    expect(await draft()).toBe('of another project');
    const asked = await program.vault.db.selectFrom('sign_in').select('state_hash').executeTakeFirst();
    expect(asked).toEqual({ state_hash: null });
    await press(page, 'Remove and continue');
    await signInAtWebex(page);
    expect(await draft()).toBeNull();
    await expectCaptured(program, project);
  });

  it('causes a question only if there is one', async () => {
    const program = await runProgram();
    const page = await openPage(await profile());
    await page.goto(program.sideOrigin + (await program.entry()));
    await untilHeading(page, 'Get your first Webex token');
    await page.type('#name', 'Acme');
    await press(page, 'Sign in to Webex');
    await signInAtWebex(page);
    const { link } = await createSignInLink(program.vault, { profile: 'acme' });
    await page.goto(`${program.sideOrigin}/sign-in/${link}`);
    // Webex remembers who is signed in.
    await untilHeading(page, 'Token renewed for Acme');
  });
}
