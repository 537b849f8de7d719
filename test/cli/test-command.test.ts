import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { simulated } from '../support/test-simulator.ts';

describe('webex-token test', () => {
  it('runs every check with Webex, and exits 5 if one fails', async () => {
    const simulator = await simulated();
    const on = await machine(simulator);
    expect((await on.run(['test', 'acme', '--json'])).code).toBe(3);
    const { accessToken } = simulator.issueToken('full-admin');
    await storeTokenOn(on, accessToken);
    const good = await on.run(['test', 'acme', '--json']);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    const proof = JSON.parse(good.stdout) as { ok: boolean; checks: Record<string, unknown>[] };
    expect(Object.keys(proof)).toEqual(['ok', 'checks']);
    expect(proof.ok).toBe(true);
    expect(proof.checks.map(({ id }) => id)).toEqual([
      'token-accepted',
      'organization',
      'full-admin',
      'entra-test-connection',
      'entra-test-groups',
      'okta-test-credentials',
    ]);
    for (const check of proof.checks) {
      expect(check).toEqual({ id: expect.any(String), ok: true, message: expect.any(String) });
    }

    const slow = simulator.faults.add({ path: '/v1/scim', effect: 'html' });
    const html = await on.run(['test', 'acme']);
    expect(html.code).toBe(5);
    expect(html.stdout).toMatch(/✗ {2}failed {2,}Entra ID’s Test Connection would fail\. .*web page/);
    slow();

    simulator.revoke('full-admin');
    const rejected = await on.run(['test', 'acme', '--json']);
    expect(rejected.code).toBe(5);
    expect(JSON.parse(rejected.stdout)).toMatchObject({
      ok: false,
      checks: [{ ok: false }, {}, {}, {}, {}, {}],
    });
    expect(JSON.parse((await on.run(['list', '--json'])).stdout)).toMatchObject([{ status: 'rejected' }]);
    expect([good, html, rejected].map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(
      accessToken,
    );
  });

  it('accepts unknown roles', async () => {
    const simulator = await simulated();
    const on = await machine(simulator);
    await storeTokenOn(on, simulator.issueToken('no-roles').accessToken);
    const { code, stdout } = await on.run(['test', 'acme', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      checks: [{}, {}, { id: 'full-admin', ok: null }, {}, {}, {}],
    });
  });

  it('does not pass if it tests nothing, as with a misspelled tag', async () => {
    const on = await machine(await simulated());
    expect(await on.run(['test', '--all'])).toMatchObject({ code: 3, stdout: '' });
    await on.run(['profile', 'import', '-'], 'profile,tags\nacme,emea\n');
    expect(await on.run(['test', '--tag', 'EMEA'])).toMatchObject({ code: 0 });
    const misspelled = await on.run(['test', '--tag', 'emae', '--json']);
    expect(misspelled).toMatchObject({ code: 3, stdout: '[]\n' });
    expect(misspelled.stderr).toContain('No profile has the tag "emae".');
  });
});
