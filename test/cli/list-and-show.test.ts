import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { timeInSentence } from '../../src/cli/terminal/time.ts';
import { type Machine, machine } from '../support/cli/cli-process.ts';
import type { Finished } from '../support/cli/process-output.ts';
import { simulated } from '../support/test-simulator.ts';
import { filesHolding, fragment } from '../support/vault/test-vault.ts';

const day = 86_400_000;
const summaryKeys = [
  'profile',
  'displayName',
  'contact',
  'tags',
  'finding',
  'deployment',
  'orgId',
  'tenantUrl',
  'account',
  'status',
  'capturedAt',
  'expiresAt',
  'effectiveExpiresAt',
  'daysLeft',
  'expirySource',
  'scopes',
];
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const escapeCharacter = String.fromCharCode(27);

const json = ({ stdout }: Finished) => JSON.parse(stdout) as Record<string, unknown>;

describe('the commands for profiles', () => {
  it('import, list, show, print, rename and remove a profile', async () => {
    const webex = await simulated();
    const here = await machine(webex);
    const { accessToken } = webex.issueToken('full-admin');
    const answer = `http://localhost:3000/auth/code${fragment({ access_token: accessToken, state: 'x' })}`;
    const outputs: string[] = [];
    const run = async (args: string[], input?: string) => {
      const finished = await here.run(args, input);
      if (args[0] !== 'get') outputs.push(finished.stdout, finished.stderr);
      return finished;
    };

    const empty = await run(['list']);
    expect(empty).toMatchObject({ code: 0, stdout: '' });
    expect(empty.stderr).toContain('No organizations yet.');
    expect((await run(['list', '--json'])).stdout).toBe('[]\n');

    const imported = await run(['import', 'acme'], `${answer}\n`);
    expect(imported).toMatchObject({ code: 0, stdout: '' });
    expect(imported.stderr).toContain('Saved "acme".');

    const [listed, ...more] = JSON.parse((await run(['list', '--json'])).stdout);
    expect(more).toEqual([]);
    expect(Object.keys(listed).sort()).toEqual([...summaryKeys].sort());
    expect(listed).toMatchObject({
      profile: 'acme',
      deployment: 'commercial',
      orgId: 'ac3e0001-5eed-4000-8000-000000000001',
      tenantUrl: `${webex.endpoints.commercial.scim}/ac3e0001-5eed-4000-8000-000000000001`,
      account: 'ada.nakamura@acme.example',
      status: 'valid',
      capturedAt: expect.stringMatching(rfc3339),
      expiresAt: expect.stringMatching(rfc3339),
      daysLeft: 364,
      expirySource: 'confirmed',
      scopes: ['spark:people_read', 'spark:people_write', 'Identity:SCIM'],
    });

    const shown = json(await run(['show', 'acme', '--json']));
    expect(shown).toMatchObject(listed);
    expect(shown.lifetimes).toEqual({
      confirmed: expect.stringMatching(rfc3339),
      reported: expect.stringMatching(rfc3339),
      documented: expect.stringMatching(rfc3339),
    });
    expect(shown.tokens).toMatchObject([{ state: 'current', source: 'import', admin: 'full' }]);

    const table = (await run(['list'])).stdout;
    expect(table).toMatch(/^PROFILE +STATUS +EXPIRES +DAYS/);
    expect(table).toMatch(/^acme +valid +\d{4}-\d\d-\d\d +364 +commercial +ada\.nakamura@acme\.example$/m);
    expect((await run(['show', 'acme'])).stdout).toMatch(/^Signed in +ada\.nakamura@acme\.example$/m);

    expect(await run(['get', 'acme'])).toEqual({
      code: 0,
      signal: null,
      stdout: `${accessToken}\n`,
      stderr: '',
    });
    await run(['client', 'add', 'entra', '--profile', 'acme', '--relay']);
    const renamed = await run(['rename', 'acme', 'acme-corp']);
    expect(renamed).toMatchObject({ code: 0, stdout: '' });
    // Entra ID still has the old address.
    expect(renamed.stderr).toMatch(/The address of its SCIM relay is now http:\S+\/scim\/acme-corp\./);
    expect(renamed.stderr).toContain('Enter the new address wherever entra is used.');
    expect(await run(['get', 'acme'])).toMatchObject({ code: 3, stdout: '' });
    expect((await run(['get', 'acme-corp'])).stdout).toBe(`${accessToken}\n`);
    const removed = await run(['remove', 'acme-corp']);
    expect(removed).toMatchObject({ code: 0, stdout: '' });
    expect(removed.stderr).toContain('Webex still accepts');
    expect((await run(['list', '--json'])).stdout).toBe('[]\n');

    // Only `get` prints the token, a pipe gets no color, and no file contains the token.
    expect(outputs.join()).not.toContain(accessToken);
    expect(outputs.join()).not.toContain(escapeCharacter);
    expect(filesHolding(here.home, accessToken)).toEqual([]);
  });

  describe('the exit code', () => {
    const imported = async (here: Machine, text: string, ...args: string[]) =>
      await here.run(['import', 'acme', ...args], text);

    it('is 3 for an unknown profile', async () => {
      const here = await machine();
      for (const args of [
        ['show', 'x'],
        ['get', 'x'],
        ['remove', 'x'],
        ['rename', 'x', 'y'],
      ]) {
        const { code, stdout, stderr } = await here.run(args);
        expect({ args, code, stdout }).toEqual({ args, code: 3, stdout: '' });
        expect(stderr).toContain('No profile is named "x".');
      }
    });

    it('is 4 for an expired token, unless --allow-expired', async () => {
      const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
      await imported(here, 'fake-token-for-acme-1');
      const database = new DatabaseSync(join(here.home, 'store.db'));
      const past = Math.floor(Date.now() - 1.5 * day);
      database.exec(`update token set expires_documented = ${past}, expires_at = ${past}`);
      database.close();
      const refused = await here.run(['get', 'acme']);
      expect(refused).toMatchObject({ code: 4, stdout: '' });
      expect(refused.stderr).toContain('--allow-expired');
      expect(refused.stderr).toContain(`expired on ${timeInSentence(past)} (`);
      expect(json(await here.run(['show', 'acme', '--json']))).toMatchObject({
        status: 'expired',
        daysLeft: -2,
      });
      expect(await here.run(['get', 'acme', '--allow-expired'])).toMatchObject({
        code: 0,
        stdout: 'fake-token-for-acme-1\n',
      });
    });

    it('ignores a reported expiry after which Webex accepted the token', async () => {
      const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
      await imported(here, '#access_token=fake-token-for-acme-1&token_type=Bearer&expires_in=3887999');
      const shown = async () => (await here.run(['show', 'acme'])).stdout;
      expect(await shown()).toContain('The last two dates differ');
      const accepted = Date.now() - day;
      const database = new DatabaseSync(join(here.home, 'store.db'));
      database.exec(`update token set expires_reported = ${accepted - day}, verified_at = ${accepted}`);
      database.close();
      const at = new Date(accepted).toISOString();
      expect(await shown()).toContain(
        `Webex still accepted the token on ${timeInSentence(accepted)}, after the reported date`,
      );
      expect(await shown()).not.toContain('dates differ');
      expect(json(await here.run(['show', 'acme', '--json']))).toMatchObject({
        reportedOutlivedAt: at,
        expirySource: 'documented',
      });
    });

    it('is 5 for another organization, an account without the role, or a rejected token, unless --approve', async () => {
      const webex = await simulated();
      const here = await machine(webex);
      const token = (account: string) => webex.issueToken(account).accessToken;
      expect(await imported(here, token('read-only-admin'))).toMatchObject({ code: 5, stdout: '' });
      expect(await here.run(['get', 'acme'])).toMatchObject({ code: 3, stdout: '' });
      expect(await imported(here, token('full-admin'))).toMatchObject({ code: 0 });
      const other = await imported(here, token('other-organization'));
      expect(other).toMatchObject({ code: 5, stdout: '' });
      expect(other.stderr).toContain('belongs to a different organization');
      const rejected = await imported(here, 'fake-token-that-webex-never-gave');
      expect(rejected).toMatchObject({ code: 5, stdout: '' });
      const accepted = token('user-admin');
      expect(await imported(here, accepted, '--approve')).toMatchObject({ code: 0, stdout: '' });
      expect((await here.run(['get', 'acme'])).stdout).toBe(`${accepted}\n`);
    });

    it('is 0 with a warning if Webex cannot be reached', async () => {
      const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
      const { code, stderr } = await imported(here, 'fake-token-for-acme-1');
      expect(code).toBe(0);
      expect(stderr).toContain('Not verified yet.');
      expect(stderr).toContain('The organization is unknown.');
    });

    it('is 1 for empty standard input, or a response without a token', async () => {
      const here = await machine();
      expect(await imported(here, '')).toMatchObject({ code: 1, stdout: '' });
      const declined = await imported(here, fragment({ error: 'access_denied' }));
      expect(declined).toMatchObject({ code: 1, stdout: '' });
      expect(declined.stderr).toContain('declined');
      expect((await here.run(['list', '--json'])).stdout).toBe('[]\n');
    });
  });

  it('warn once about a missing keychain, on standard error, without technical terms', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    const first = await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain(join(here.home, 'key.jwk'));
    expect(first.stderr).not.toMatch(/dbus/i);
    const second = await here.run(['import', 'acme'], 'fake-token-for-acme-2');
    expect(second.stderr).not.toContain('key.jwk');
  });
});
