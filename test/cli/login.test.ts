import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { BrowserByHand, printedLink } from '../support/cli/follow-link.ts';
import { fragmentOf, simulated } from '../support/test-simulator.ts';
import { filesHolding } from '../support/vault/test-vault.ts';

describe('login without a server', () => {
  it('leads from the printed link to the stored token and the result page', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const login = here.start(['login', 'acme', '--no-open']);
    const link = await printedLink(login);
    const browser = new BrowserByHand();
    const redirectUrl = await browser.signIn(link, { account: 'full-admin' });
    const { access_token: token = '' } = fragmentOf(redirectUrl);
    const page = await browser.openResult(redirectUrl);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Ada Nakamura');

    const { code, stdout, stderr } = await login.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('Saved "acme".');
    expect(stderr).toContain('Ada Nakamura (ada.nakamura@acme.example), a full administrator');
    expect(stderr).not.toContain(token);
    expect(await here.run(['get', 'acme'])).toEqual({
      code: 0,
      signal: null,
      stdout: `${token}\n`,
      stderr: '',
    });
    expect(existsSync(join(here.home, 'server.json'))).toBe(false);
    expect(filesHolding(here.home, token)).toEqual([]);
    // The link works once.
    expect(filesHolding(here.home, new URL(link).pathname.split('/').at(-1) ?? '')).toEqual([]);
  });

  it('exits 1 with the reason if the sign-in is declined', async () => {
    const here = await machine(await simulated());
    const login = here.start(['login', 'acme', '--no-open']);
    const browser = new BrowserByHand();
    const redirectUrl = await browser.signIn(await printedLink(login), { outcome: 'deny' });
    expect((await browser.bringBack(redirectUrl)).status).toBe(400);
    const { code, stdout, stderr } = await login.finished;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('declined');
    expect((await here.run(['list', '--json'])).stdout).toBe('[]\n');
  });

  it('exits 1 if no one signs in before the timeout', async () => {
    const here = await machine(await simulated());
    const { code, stdout, stderr } = await here.run(['login', 'acme', '--no-open', '--timeout', '1']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('No one signed in within 1 second. Nothing was stored.');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'exits 1 after %s while it waits, and leaves nothing behind',
    async (signal) => {
      const here = await machine(await simulated());
      const login = here.start(['login', 'acme', '--no-open']);
      const link = await printedLink(login);
      login.kill(signal);
      const { code, stderr } = await login.finished;
      expect(code).toBe(1);
      expect(stderr).toContain('Canceled before anyone signed in. Nothing was stored.');
      expect(existsSync(join(here.home, 'server.json'))).toBe(false);
      await expect(fetch(link)).rejects.toThrow();
    },
  );

  it('ignores a bogus response while it waits', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const login = here.start(['login', 'acme', '--no-open']);
    const browser = new BrowserByHand();
    const redirectUrl = await browser.signIn(await printedLink(login), { account: 'full-admin' });
    const origin = new URL(redirectUrl).origin;
    const bogus = `${origin}/auth/code#access_token=fake-token&token_type=Bearer&state=${'A'.repeat(43)}`;
    for (const answer of [bogus, redirectUrl]) {
      expect((await new BrowserByHand().bringBack(answer)).status).toBeGreaterThanOrEqual(400);
    }
    expect((await browser.openResult(redirectUrl)).status).toBe(200);
    expect((await login.finished).code).toBe(0);
  });
});

describe('login as the wrong person', () => {
  it('exits 5 and marks the token for review, unless --approve', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const sign = async (args: string[]) => {
      const login = here.start(['login', 'acme', '--no-open', ...args]);
      const browser = new BrowserByHand();
      await browser.openResult(await browser.signIn(await printedLink(login), { account: 'user-admin' }));
      return await login.finished;
    };
    const refused = await sign([]);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('the person who signed in is not a full administrator');
    expect(refused.stderr).toContain('--approve');
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 3, stdout: '' });
    expect((await sign(['--approve'])).code).toBe(0);
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 0 });
  });
});

describe('login next to a server', () => {
  it('uses the running server and leaves it running', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const serve = here.start(['serve', '--no-open']);
    const origin = new URL(await printedLink(serve)).origin;
    const login = here.start(['login', 'gov', '--no-open', '--deployment', 'government']);
    const browser = new BrowserByHand();
    const redirectUrl = await browser.signIn(await printedLink(login), { account: 'full-admin' });
    expect((await browser.openResult(redirectUrl)).status).toBe(200);
    expect((await login.finished).code).toBe(0);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    expect(JSON.parse((await here.run(['list', '--json'])).stdout)).toMatchObject([
      { profile: 'gov', deployment: 'government', account: 'hana.kowalska@examples.example' },
    ]);
    const asked = webex.requests.filter(({ tokenId }) => tokenId !== null);
    expect(new Set(asked.map(({ deployment }) => deployment))).toEqual(new Set(['government']));
    serve.kill('SIGTERM');
    expect(await serve.finished).toMatchObject({ code: 0, stdout: '' });
  });

  it('replaces a server that stops while it waits', async () => {
    const here = await machine(await simulated());
    const serve = here.start(['serve', '--no-open']);
    await printedLink(serve);
    const login = here.start(['login', 'acme', '--no-open']);
    const link = await printedLink(login);
    serve.kill('SIGTERM');
    await serve.finished;
    const health = `${new URL(link).origin}/healthz`;
    await expect
      .poll(() =>
        fetch(health).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
      .toBe(true);
    const browser = new BrowserByHand();
    await browser.openResult(await browser.signIn(link, { account: 'full-admin' }));
    expect((await login.finished).code).toBe(0);
  });
});
