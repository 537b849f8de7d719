import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';

describe('the display name of an organization on the command line', () => {
  it('is taken by import, rename and profile set, shown, and kept by an export', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    const imported = await here.run(['import', 'Käufer & Söhne'], 'fake-token-for-acme-1');
    expect(imported.stderr).toContain('Saved Käufer & Söhne (kaufer-sohne).');
    const listed = JSON.parse((await here.run(['list', '--json'])).stdout);
    expect(listed).toMatchObject([{ profile: 'kaufer-sohne', displayName: 'Käufer & Söhne' }]);
    expect((await here.run(['show', 'kaufer-sohne'])).stdout).toMatch(
      /^Organization +Käufer & Söhne\nProfile +kaufer-sohne\n/,
    );

    const other = await here.run(['import', 'Kaufer, Sohne'], 'fake-token-for-acme-2');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('The profile "kaufer-sohne" already exists and is named Käufer & Söhne.');
    expect(other.stderr).toContain('webex-token login kaufer-sohne');

    const renamed = await here.run(['rename', 'kaufer-sohne', 'Käufer AG']);
    expect(renamed.stderr).toContain('The display name of "kaufer-sohne" is now "Käufer AG".');
    await here.run(['rename', 'kaufer-sohne', 'kaufer']);
    const set = await here.run([
      'profile',
      'set',
      'kaufer',
      '--contact',
      'it@k.example',
      '--tag',
      'emea',
      'gold',
    ]);
    expect(set.stderr).toContain('Saved Käufer AG (kaufer): it@k.example, tags emea, gold.');
    expect(
      await here.run(['profile', 'set', 'kaufer', '--remove-tag', 'gold', '--contact', '']),
    ).toMatchObject({
      code: 0,
    });
    const { stdout } = await here.run(['profile', 'export']);
    expect(stdout).toBe(
      'profile,display_name,org_id,deployment,contact,tags\r\nkaufer,Käufer AG,,commercial,,emea\r\n',
    );
    expect((await here.run(['profile', 'import', '-'], stdout)).stdout).toBe('line 2  kaufer  unchanged\n');
    expect((await here.run(['profile', 'set', 'kaufer'])).code).toBe(2);
  });
});
