import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { textEncodings } from '../support/text-encodings.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken({ cluster: 'ZZ99' });
const offline = { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:1/v1' };

describe.each(textEncodings)('text in %s', (_, encode) => {
  it('is read from standard input and from files', async () => {
    const { run } = await machine(undefined, offline);
    expect(
      (
        await run(
          ['import', 'acme'],
          encode(
            `http://localhost:3000/auth/code#access_token=${token}&token_type=Bearer&expires_in=3887999\r\n`,
          ),
        )
      ).code,
    ).toBe(0);
    expect((await run(['get', 'acme'])).stdout).toBe(`${token}\n`);
    expect((await run(['get', '--format', 'terraform'], encode('{"profile":"acme"}\r\n'))).stdout).toContain(
      token,
    );

    const file = join(temporaryFolder(), 'profiles.csv');
    writeFileSync(file, encode('profile,contact,tags\r\nglobex,it@globex.example,"gold, größer"\r\n'));
    const inFile = await run(['profile', 'import', file, '--json']);
    expect(JSON.parse(inFile.stdout)).toMatchObject([{ profile: 'globex', outcome: 'invalid' }]);
    const rows = encode('profile,contact\r\numbrella,it@umbrella.example\r\n');
    const piped = await run(['profile', 'import', '-', '--json'], rows);
    expect(JSON.parse(piped.stdout)).toMatchObject([{ profile: 'umbrella', outcome: 'created' }]);

    const jwks = join(temporaryFolder(), 'keys.json');
    writeFileSync(jwks, encode('{"keys":[]}\r\n'));
    const added = await run(['client', 'add', 'ci', '--profile', 'acme', '--jwks', jwks]);
    expect(added.stderr).toContain('does not contain public keys');
  });
});

describe('binary input', () => {
  it('is refused in one line that says what it is', async () => {
    const { run } = await machine(undefined, offline);
    const archive = Buffer.from('PK\u0003\u0004\0\0');
    const piped = await run(['import', 'acme'], archive);
    expect(piped).toMatchObject({ code: 1, stdout: '' });
    expect(piped.stderr).toMatch(
      /^webex-token: Standard input is a ZIP archive or an Office document, not text\.$/m,
    );
    const file = join(temporaryFolder(), 'customers.xlsx');
    writeFileSync(file, archive);
    for (const args of [
      ['profile', 'import', file],
      ['client', 'add', 'ci', '--profile', 'acme', '--jwks', file],
    ]) {
      const { code, stderr } = await run(args);
      expect(code).not.toBe(0);
      expect(stderr).toContain(`webex-token: The file ${file} is a ZIP archive`);
    }
  });
});
