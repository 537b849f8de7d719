import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function csv(text: string, mode = 0o600): string {
  const file = join(temporaryFolder(), 'customers.csv');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const good = 'profile,contact,tags\nacme,it@acme.example,"emea, gold"\nglobex,,apac\n';

describe('webex-token profile import', () => {
  it('shows the changes and stores nothing in a dry run', async () => {
    const { run } = await machine();
    const dry = await run(['profile', 'import', csv(good), '--dry-run']);
    expect(dry).toMatchObject({
      code: 0,
      stdout: 'line 2  acme  would be created\nline 3  globex  would be created\n',
    });
    expect(dry.stderr).toContain('Dry run: nothing was stored.');
    const { stdout } = await run(['profile', 'import', csv(good), '--dry-run', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ outcome: 'would-create' }, { outcome: 'would-create' }]);
    expect((await run(['list', '--json'])).stdout).toBe('[]\n');
  });

  it('reads CSV as spreadsheets write it: BOM, semicolons, CRLF, quotes, empty lines, columns in any order', async () => {
    const { run } = await machine();
    const text =
      '\ufeffTags;Profile;Org ID\r\n"emea;gold";acme;11111111-2222-4333-8444-555555555555\r\n\r\n;;\r\n"a ""b""";bad;\r\n;"globex";\r\n';
    const { code, stdout } = await run(['profile', 'import', csv(text), '--skip-invalid', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      {
        line: 5,
        profile: 'bad',
        outcome: 'invalid',
        token: false,
        reason:
          '""b"" is not a valid tag. Use the letters a to z, digits, dots, dashes, underscores and colons, starting with a letter or digit',
      },
      { line: 2, profile: 'acme', outcome: 'created', token: false, reason: null },
      { line: 6, profile: 'globex', outcome: 'created', token: false, reason: null },
    ]);
    const listed = JSON.parse((await run(['list', '--tag', 'gold', '--json'])).stdout);
    expect(listed).toMatchObject([{ profile: 'acme', orgId: '11111111-2222-4333-8444-555555555555' }]);
    expect(JSON.parse((await run(['list', '--status', 'valid', '--json'])).stdout)).toEqual([]);
  });

  it('stores nothing from a file with an invalid row', async () => {
    const { run } = await machine();
    const invalid = await run(['profile', 'import', csv(`${good}acme,,\n社,,\n`)]);
    expect(invalid.code).toBe(1);
    expect(invalid.stdout).toContain('line 4  acme  invalid: line 2 has the same profile');
    expect(invalid.stdout).toContain('line 5  ?  invalid: ');
    expect(invalid.stderr).toContain('Nothing was stored because 2 rows are invalid.');
    // So neither a person nor a program assumes that the other rows were imported.
    expect(invalid.stdout + invalid.stderr).not.toContain('created');
    const { stdout } = await run(['profile', 'import', csv(`${good}acme,,\n`), '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ line: 4, outcome: 'invalid' }]);
    expect((await run(['list', '--json'])).stdout).toBe('[]\n');
  });

  it('imports tokens from a file that only its owner can read, and never prints them', async () => {
    const { run } = await machine();
    const token = 'fake-token-for-acme-1';
    const text = `profile,access_token,captured_at,expires_at\nacme,${token},,2099-01-01T00:00:00Z\n`;
    const open = await run(['profile', 'import', csv(text, 0o644)]);
    expect(open.code).toBe(1);
    expect(open.stderr).toContain('chmod 600');

    const soon = text.replace('2099', String(new Date().getUTCFullYear() + 2));
    const file = csv(soon);
    const first = await run(['profile', 'import', file]);
    expect(first).toMatchObject({ code: 0, stdout: 'line 2  acme  created  with a token\n' });
    expect(first.stderr).toContain('Delete it');
    expect(first.stdout + first.stderr).not.toContain(token);
    expect((await run(['get', 'acme'])).stdout).toBe(`${token}\n`);

    const again = await run(['profile', 'import', '-'], soon);
    expect(again).toMatchObject({ code: 0, stdout: 'line 2  acme  unchanged\n' });
  });

  it.each([
    ['', /is empty/],
    ['name\nacme\n', /column "name"/],
    ['org_id\nx\n', /column "profile" is missing/],
    ['profile,profile\na,b\n', /twice/],
    ['profile\n"acme\n', /quotation mark/],
    ['profile\nacme,globex\n', /Line 2 has 2 cells/],
    ['profile\n社\n', /needs a letter from a to z/],
  ])('refuses the whole file: %j', async (text, why) => {
    const { run } = await machine();
    const { code, stdout, stderr } = await run(['profile', 'import', csv(text)]);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(why);
  });

  it('reports a file that is missing or not text', async () => {
    const { run } = await machine();
    const file = join(temporaryFolder(), 'latin.csv');
    writeFileSync(file, Buffer.from('profile\nm\xfcller\n', 'latin1'));
    expect((await run(['profile', 'import', file])).stderr).toContain('CSV UTF-8');
    expect((await run(['profile', 'import', `${file}.not`])).stderr).toContain('ENOENT');
  });
});
