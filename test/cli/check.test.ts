import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { storeExpiringTokenOn } from '../support/cli/store-token.ts';
import { simulated } from '../support/test-simulator.ts';

describe('webex-token check', () => {
  it('exits 0, 1, 2 or 3 by the state of the tokens', async () => {
    const simulator = await simulated();
    const on = await machine(simulator);
    const check = async (...args: string[]) => {
      const { code, stdout } = await on.run(['check', ...args]);
      return [code, stdout.split('\n')[0]];
    };
    const holds = (name: string, days: number) => storeExpiringTokenOn(on, simulator, days, name);
    expect(await check()).toEqual([3, 'WEBEX TOKEN UNKNOWN - no profiles | profiles=0']);
    await holds('acme', 100);
    expect(await check()).toEqual([
      0,
      "WEBEX TOKEN OK - acme expires in 100 days | profiles=1 'acme'=100;30:;0:",
    ]);
    expect(await check('--within', '200')).toEqual([1, expect.stringContaining('WARNING - acme')]);
    await holds('soon', 10);
    expect(await check()).toEqual([
      1,
      expect.stringMatching(/^WEBEX TOKEN WARNING - soon expires in 10 days .*\|/),
    ]);
    expect(await check('--within', '9')).toEqual([0, expect.stringContaining('OK')]);
    expect(await check('acme')).toEqual([0, expect.stringContaining('OK - acme')]);

    simulator.revoke('full-admin');
    expect((await on.run(['test', 'acme'])).code).toBe(5);
    expect(await check()).toEqual([2, expect.stringContaining('CRITICAL - acme is rejected')]);
    const { code, stdout } = await on.run(['check', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'CRITICAL',
      profiles: [
        { profile: 'acme', state: 'CRITICAL' },
        { profile: 'soon', state: 'WARNING' },
      ],
    });
  });

  it('exits 3 for wrong usage, wrong settings and an unreadable store', async () => {
    const on = await machine();
    for (const args of [['--within', 'soon'], ['--within'], ['--unknown'], ['nobody'], ['--within', '-1']]) {
      const { code, stdout } = await on.run(['check', ...args]);
      expect([args, code]).toEqual([args, 3]);
      expect(stdout).toMatch(/^WEBEX TOKEN UNKNOWN - /);
    }
    const wrong = await machine(undefined, { WEBEX_TOKEN_REMINDER_DAYS: 'x' });
    expect(await wrong.run(['check'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /^WEBEX TOKEN UNKNOWN - a setting is invalid: WEBEX_TOKEN_REMINDER_DAYS: .*\n$/,
      ),
    });
    const broken = await machine();
    mkdirSync(broken.home, { mode: 0o700 });
    writeFileSync(join(broken.home, 'store.db'), 'this is no database, by any means'.repeat(100), {
      mode: 0o600,
    });
    expect(await broken.run(['check'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^WEBEX TOKEN UNKNOWN - the store cannot be read: .+\n$/),
    });
  });
});
