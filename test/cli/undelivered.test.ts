import { describe, expect, it } from 'vitest';
import { provisioningMachine, storeToken } from '../support/provisioning/provisioning-cli.ts';

describe('a profile that was renewed and then delivered', () => {
  it('is "undelivered" in every command until the push', async () => {
    const here = await provisioningMachine();
    const run = async (...args: string[]) => await here.run(args);
    const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);
    await run('push', 'entra', 'acme');
    const [before] = await json('list');
    expect(before).toMatchObject({ status: 'valid', effectiveExpiresAt: before.expiresAt });

    await storeToken(here);
    const [listed] = await json('list', '--status', 'undelivered');
    expect(listed).toMatchObject({ profile: 'acme', status: 'undelivered' });
    expect(listed.effectiveExpiresAt).toBe(before.expiresAt);
    expect(Date.parse(listed.expiresAt)).toBeGreaterThanOrEqual(Date.parse(listed.effectiveExpiresAt));
    expect((await run('list')).stdout).toMatch(/^acme +undelivered .* Entra ID \(outdated\)$/m);
    expect(await json('show', 'acme')).toMatchObject({
      status: 'undelivered',
      destinations: [{ provider: 'entra', upToDate: false, tokenExpiresAt: before.expiresAt }],
    });
    expect((await run('show', 'acme')).stdout).toMatch(/^Deliver by +.*days left\)$/m);
    expect(await json('status')).toMatchObject({
      upToDate: false,
      profiles: { undelivered: 1 },
      due: [{ profile: 'acme' }],
    });
    expect((await run('status')).stdout).toContain('1 renewed but not delivered');
    const check = await run('check');
    expect(check).toMatchObject({ code: 1 });
    expect(check.stdout).toMatch(/^WEBEX TOKEN WARNING - acme was renewed but not delivered/);
    const calendar = (await run('calendar')).stdout;
    expect(calendar).toContain('SUMMARY:Webex token for acme: renewed\\, not delivered');

    const renewal = await run('renew', 'start', '--within', '400');
    expect(renewal.stderr).toContain('1 profile to renew.');
    await run('renew', 'finish');

    await run('push', 'entra', 'acme');
    expect(await json('list')).toMatchObject([{ status: 'valid', expiresAt: listed.expiresAt }]);
    expect(await run('check')).toMatchObject({ code: 0 });
    expect((await run('calendar')).stdout).toContain('SUMMARY:Webex token for acme expires');
  });

  it('keeps the end of the earlier token when that is deleted here', async () => {
    const here = await provisioningMachine();
    await here.run(['push', 'entra', 'acme']);
    await storeToken(here);
    const show = async () => JSON.parse((await here.run(['show', 'acme', '--json'])).stdout);
    const before = await show();
    const previous = before.tokens.find(({ state }: { state: string }) => state === 'previous');
    await here.run(['token', 'remove', 'acme', previous.id, '--yes']);
    expect(await show()).toMatchObject({
      status: 'undelivered',
      effectiveExpiresAt: before.effectiveExpiresAt,
      destinations: [{ upToDate: false, tokenExpiresAt: previous.expiresAt }],
    });
  });
});
