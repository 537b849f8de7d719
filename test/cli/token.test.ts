import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { simulated } from '../support/test-simulator.ts';
import { fragment } from '../support/vault/test-vault.ts';

describe('webex-token token', () => {
  it('lists a profile’s tokens by ID, activates an earlier one and removes another', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const values = [webex.issueToken('full-admin'), webex.issueToken('full-admin')].map(
      ({ accessToken }) => accessToken,
    );
    for (const value of values) {
      expect(await here.run(['import', 'acme'], fragment({ access_token: value }))).toMatchObject({
        code: 0,
      });
    }
    const listed = async () => {
      const { stdout } = await here.run(['token', 'list', 'acme', '--json']);
      for (const value of values) expect(stdout).not.toContain(value);
      return JSON.parse(stdout) as { id: string; state: string }[];
    };
    const [second, first] = await listed();
    expect([second?.state, first?.state]).toEqual(['current', 'previous']);
    const shown = JSON.parse((await here.run(['show', 'acme', '--json'])).stdout);
    expect(shown.tokens.map(({ id }: { id: string }) => id)).toEqual([second?.id, first?.id]);
    const table = (await here.run(['token', 'list', 'acme'])).stdout;
    expect(table).toMatch(/^ID +STATE +CAPTURED +EXPIRES +ACCOUNT$/m);
    expect(table).toMatch(new RegExp(`^${first?.id} +previous`, 'm'));

    expect(await here.run(['token', 'activate', 'acme', first?.id ?? ''])).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect((await here.run(['get', 'acme'])).stdout).toBe(`${values[0]}\n`);

    expect(await here.run(['token', 'remove', 'acme', second?.id ?? ''])).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect(await listed()).toMatchObject([{ id: first?.id, state: 'current' }]);

    for (const args of [
      ['token', 'list', 'nobody'],
      ['token', 'activate', 'nobody', first?.id ?? ''],
      ['token', 'activate', 'acme', second?.id ?? ''],
      ['token', 'remove', 'acme', 'nothing', '--yes'],
    ]) {
      expect(await here.run(args)).toMatchObject({ code: 3, stdout: '' });
    }
    webex.revoke('full-admin');
    const third = webex.issueToken('full-admin').accessToken;
    await here.run(['import', 'acme'], fragment({ access_token: third }));
    await here.run(['import', 'acme', '--approve'], fragment({ access_token: third }));
    const revoked = await here.run(['token', 'activate', 'acme', first?.id ?? '']);
    expect(revoked.code).toBe(5);
    expect(revoked.stderr).toContain('Webex has rejected this token');
  });
});

describe('a token of an unexpected organization', () => {
  it('is reported with other profiles of that organization, and with the way to change it', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const run = (profile: string, account: string) =>
      here.run(['import', profile], fragment({ access_token: webex.issueToken(account).accessToken }));
    expect((await run('acme', 'full-admin')).stderr).not.toContain('same organization');
    const { code, stderr } = await run('initech', 'full-admin');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'acme belongs to the same organization. If "initech" is a different one, the wrong account signed in.',
    );
    const other = await run('initech', 'other-organization');
    expect(other.code).toBe(5);
    expect(other.stderr).toContain('choose "Change the organization": npx webex-token open');
  });
});
