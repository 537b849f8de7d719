import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appOrigin, readSettings, redirectUri } from '../../src/config/settings.ts';
import { isSecretName } from '../../src/environment/dotenv.ts';
import { defaultHome, environmentWithDotEnv, pathVariables } from '../../src/environment/environment.ts';
import { hasName } from '../../src/environment/os-user.ts';
import { secretVariables } from '../../src/environment/secret-variables.ts';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { documentedClientId, documentedScopes } from '../../src/webex/documented-values.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { textEncodings } from '../support/text-encodings.ts';

const read = (environment: NodeJS.ProcessEnv) => readSettings({ WEBEX_TOKEN_HOME: '/tmp/x', ...environment });

describe('readSettings', () => {
  it('has the documented values without any variable', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      port: 3000,
      keyFile: null,
      passphrase: null,
      clientId: documentedClientId,
      scopes: [...documentedScopes],
      webex: publishedEndpoints,
    });
    expect(settings.home).toMatch(/webex-token/);
    expect(appOrigin(settings)).toBe('http://localhost:3000');
    expect(redirectUri(settings)).toBe('http://localhost:3000/auth/code');
  });

  it('ignores empty variables', () => {
    expect(read({ WEBEX_TOKEN_PORT: '', WEBEX_TOKEN_API_URL: '' })).toMatchObject({
      port: 3000,
      webex: publishedEndpoints,
    });
  });

  it('derives the redirect URI from the port', () => {
    expect(redirectUri(read({ WEBEX_TOKEN_PORT: '4711' }))).toBe('http://localhost:4711/auth/code');
  });
});

describe('a valid variable', () => {
  it.each<[string, string, object]>([
    ['WEBEX_TOKEN_PORT', '65535', { port: 65535 }],
    ['WEBEX_TOKEN_HOME', '/srv/a folder', { home: '/srv/a folder' }],
    ['WEBEX_TOKEN_KEY_FILE', '/etc/key', { keyFile: '/etc/key' }],
    ['WEBEX_TOKEN_PASSPHRASE', 'twelve chars', { passphrase: 'twelve chars' }],
    ['WEBEX_TOKEN_CLIENT_ID', 'C0ffee', { clientId: 'C0ffee' }],
    ['WEBEX_TOKEN_SCOPES', 'a:b c', { scopes: ['a:b', 'c'] }],
    [
      'WEBEX_TOKEN_IDBROKER_URL',
      'https://a.example/idb',
      { webex: { commercial: { idbroker: 'https://a.example/idb' } } },
    ],
    [
      'WEBEX_TOKEN_IDBROKER_F_URL',
      'http://127.0.0.1:1/idb',
      { webex: { government: { idbroker: 'http://127.0.0.1:1/idb' } } },
    ],
    [
      'WEBEX_TOKEN_API_URL',
      'http://localhost:1/v1',
      { webex: { commercial: { api: 'http://localhost:1/v1' } } },
    ],
    ['WEBEX_TOKEN_API_F_URL', 'http://[::1]:1/v1', { webex: { government: { api: 'http://[::1]:1/v1' } } }],
    ['WEBEX_TOKEN_SCIM_URL', 'https://a.example', { webex: { commercial: { scim: 'https://a.example' } } }],
    [
      'WEBEX_TOKEN_SCIM_F_URL',
      'https://a.example:8443/x',
      { webex: { government: { scim: 'https://a.example:8443/x' } } },
    ],
  ])('is read: %s=%s', (name, value, settings) => {
    expect(read({ [name]: value })).toMatchObject(settings);
  });
});

describe('an invalid variable', () => {
  const addresses = [
    'idbroker.webex.com',
    'http://idbroker.webex.com/idb',
    'https://idbroker.webex.com/idb/',
    'https://idbroker.webex.com/idb?x=1',
    'https://idbroker.webex.com/idb?',
    'https://idbroker.webex.com/idb#',
    ' https://idbroker.webex.com/idb',
    'https://idbroker.webex.com/i\ndb',
    'ftp://localhost/idb',
    'http://localhost.evil.example/idb',
    'http://127.0.0.1.evil.example/idb',
    'javascript:alert(1)',
  ];
  const wrong: [string, string][] = [
    ...['0', '65536', '-1', '3000.5', '0x50', 'http', '3000 ', '99999999'].map((value): [string, string] => [
      'WEBEX_TOKEN_PORT',
      value,
    ]),
    ...['a b', 'a/b', '{id}'].map((value): [string, string] => ['WEBEX_TOKEN_CLIENT_ID', value]),
    ...[' a', 'a  b', 'a,"b"', 'a\nb'].map((value): [string, string] => ['WEBEX_TOKEN_SCOPES', value]),
    ...['IDBROKER', 'IDBROKER_F', 'API', 'API_F', 'SCIM', 'SCIM_F'].flatMap((part) =>
      addresses.map((value): [string, string] => [`WEBEX_TOKEN_${part}_URL`, value]),
    ),
  ];

  it.each(wrong)(
    'is reported in one line with the problem and a valid example: %s=%j',
    async (name, value) => {
      const { code, message } = await brokerErrorOf(() => read({ [name]: value }));
      expect(code).toBe('E_SETTING');
      expect(message.startsWith(`${name}: ${JSON.stringify(value)} is not `)).toBe(true);
      expect(message).not.toContain('\n');
      // The example that it shows is valid.
      const example = /for example (\w+)=(.+)$/.exec(message);
      expect(example?.[1]).toBe(name);
      read({ [name]: example?.[2]?.replaceAll('"', '') });
    },
  );

  it.each([
    ['WEBEX_TOKEN_PASSPHRASE', 'too short'],
    ['WEBEX_TOKEN_API_URL', 'https://ada:too-secret@a.example/v1'],
  ])('is not repeated if it may be a secret: %s', async (name, value) => {
    const { message } = await brokerErrorOf(() => read({ [name]: value }));
    expect(message).toContain(`${name}: its value is not`);
    expect(message).not.toContain('secret@');
    expect(message).not.toContain('too short');
  });

  it('is reported in one line with any content', () => {
    const names = wrong.map(([name]) => name);
    fc.assert(
      fc.property(fc.constantFrom(...new Set(names)), fc.string(), (name, value) => {
        try {
          read({ [name]: value });
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_SETTING' });
          expect((error as Error).message).not.toMatch(/[\r\n]/);
        }
      }),
    );
  });
});

describe('the file .env next to package.json', () => {
  function folderWith(text: string): string {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), text);
    return folder;
  }

  it('is read for variables that the environment does not set', () => {
    const folder = folderWith('# a remark\nWEBEX_TOKEN_PORT=4000\nWEBEX_TOKEN_SCOPES="a b"\n');
    const given = environmentWithDotEnv({ WEBEX_TOKEN_PORT: '5000' }, folder);
    expect(given).toEqual({ WEBEX_TOKEN_PORT: '5000', WEBEX_TOKEN_SCOPES: 'a b' });
  });

  it.each(textEncodings)('can be in %s', (_, encode) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), encode('# größer\r\nWEBEX_TOKEN_PORT=4000\r\nA="1 # 2"\r\n'));
    expect(environmentWithDotEnv({}, folder)).toEqual({ WEBEX_TOKEN_PORT: '4000', A: '1 # 2' });
  });

  it.each([
    ['WEBEX_TOKEN_PASSPHRASE=correct horse #4', /contains a #/],
    ['WEBEX_TOKEN_PASSPHRASE = correct horse # battery', /contains a #/],
    ['export WEBEX_TOKEN_PASSPHRASE=correct#horse', /contains a #/],
    ['OKTA_CLIENT_TOKEN=#fake-token', /contains a #/],
    ['WEBEX_TOKEN_SMTP_URL=smtps://it:a#b@mail.example.com', /contains a #/],
    ['WEBEX_TOKEN_HOME=/data/#1', /contains a #/],
    ['A=1\r\nAZURE_CLIENT_SECRET=fake secret #1\r\n', /contains a #/],
    ['WEBEX_TOKEN_PASSPHRASE="correct horse #4', /not closed/],
    ['WEBEX_TOKEN_PASSPHRASE="correct" horse', /after the closing quote/],
    ['WEBEX_TOKEN_PASSPHRASE="correct \\" horse"', /after the closing quote/],
  ])('is refused in one line that asks for quotes, without the value: %j', async (line, why) => {
    const folder = folderWith(line);
    const { code, message } = await brokerErrorOf(() => environmentWithDotEnv({}, folder));
    expect(code).toBe('E_SETTING');
    expect(message).toMatch(why);
    expect(message).toContain('Put the whole value in quotes');
    expect(message).toContain(join(folder, '.env'));
    expect(message).not.toMatch(/\n|horse|fake/);
  });

  it.each<[string, Record<string, string>]>([
    ["WEBEX_TOKEN_PASSPHRASE='correct horse #4'", { WEBEX_TOKEN_PASSPHRASE: 'correct horse #4' }],
    ['WEBEX_TOKEN_PASSPHRASE="correct #4" # a remark', { WEBEX_TOKEN_PASSPHRASE: 'correct #4' }],
    ['WEBEX_TOKEN_PASSPHRASE= # none yet', { WEBEX_TOKEN_PASSPHRASE: '' }],
    ['WEBEX_TOKEN_PORT=4000 # a remark', { WEBEX_TOKEN_PORT: '4000' }],
    ['#WEBEX_TOKEN_PASSPHRASE=correct horse #4', {}],
    ['A="two\nlines # of it"', { A: 'two\nlines # of it' }],
  ])('can contain %j', (line, variables) => {
    expect(environmentWithDotEnv({}, folderWith(line))).toEqual(variables);
  });

  it('can contain secrets, which are recognized by their names', () => {
    for (const name of secretVariables) expect([name, isSecretName(name)]).toEqual([name, true]);
    for (const name of [
      'WEBEX_TOKEN_HOME',
      'WEBEX_TOKEN_API_URL',
      'OKTA_CLIENT_CLIENTID',
      'AZURE_TENANT_ID',
    ]) {
      expect([name, isSecretName(name)]).toEqual([name, false]);
    }
  });

  it('can be missing', () => {
    expect(environmentWithDotEnv({ A: '1' }, temporaryFolder())).toEqual({ A: '1' });
  });

  it('is reported if it cannot be read', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, '.env'));
    const error = await brokerErrorOf(() => environmentWithDotEnv({}, folder));
    expect(error).toMatchObject({
      code: 'E_SETTING',
      message: expect.stringContaining(join(folder, '.env')),
    });
  });
});

describe('a path in a variable', () => {
  const folder = '/opt/webex-token';
  const resolved = (name: string, path: string, environment = {}) =>
    environmentWithDotEnv({ HOME: '/home/ada', [name]: path, ...environment }, folder)[name];

  describe.each(pathVariables)('%s', (name) => {
    it.each([
      ['~/x', '/home/ada/x'],
      ['~', '/home/ada'],
      ['~/', '/home/ada'],
      ['data', '/opt/webex-token/data'],
      ['./data/../store', '/opt/webex-token/store'],
      ['.', '/opt/webex-token'],
      ['../data', '/opt/data'],
      ['/srv/a folder/~', '/srv/a folder/~'],
    ])('is resolved: %s is %s', (path, absolute) => {
      expect(resolved(name, path)).toBe(absolute);
    });

    it.each(['~bob/x', '$HOME/x', '%APPDATA%\\x'])('is refused: %s', async (path) => {
      const { code, message } = await brokerErrorOf(() => resolved(name, path));
      expect(code).toBe('E_SETTING');
      expect(message).toMatch(new RegExp(`^${name}: .* for example [^\n]+$`));
    });
  });

  // The system has no other home folder for a user without a name.
  it.runIf(hasName()).each(['.', '', 'relative'])('ignores HOME=%j as a home folder', (home) => {
    expect(isAbsolute(resolved('WEBEX_TOKEN_HOME', '~/x', { HOME: home }) ?? '')).toBe(true);
    expect(isAbsolute(defaultHome({ HOME: home }))).toBe(true);
  });

  it('is relative to the .env file that contains it', () => {
    const here = temporaryFolder();
    writeFileSync(join(here, '.env'), 'WEBEX_TOKEN_HOME=data\nWEBEX_TOKEN_KEY_FILE=~/key.jwk\n');
    expect(environmentWithDotEnv({ HOME: '/home/ada' }, here)).toMatchObject({
      WEBEX_TOKEN_HOME: join(here, 'data'),
      WEBEX_TOKEN_KEY_FILE: '/home/ada/key.jwk',
    });
  });
});

describe('.env.example', () => {
  it('lists every variable, with a valid value', () => {
    const text = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8');
    const listed: Record<string, string> = {};
    for (const [, name = '', value = ''] of text.matchAll(/^#?([A-Z_]+)=(.*)$/gm)) {
      listed[name] = value.replaceAll('"', '');
    }
    const source = readFileSync(join(import.meta.dirname, '../../src/config/settings.ts'), 'utf8');
    const known = [...source.matchAll(/^ {2}((?:WEBEX_TOKEN|AZURE|OKTA)_[A-Z_]+):/gm)].map(
      ([, name]) => name,
    );
    expect(known.length).toBeGreaterThan(15);
    expect(Object.keys(listed)).toEqual(expect.arrayContaining(known));
    // Values that are placeholders are left out.
    const values = Object.entries(listed).filter(([, value]) => value !== '' && !value.includes('…'));
    // Its program has to exist.
    values.push(['WEBEX_TOKEN_RENEWAL_HOOK', '']);
    readSettings(Object.fromEntries(values));
  });
});
