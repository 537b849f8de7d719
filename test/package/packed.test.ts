import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { type Installed, packAndInstall } from '../support/pack.ts';
import { simulated } from '../support/test-simulator.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

/** Files that may be in the directory and must not be packed. */
const clutter = {
  '.env': 'WEBEX_TOKEN_PASSPHRASE=fake\n',
  'bin/.env': 'WEBEX_TOKEN_PASSPHRASE=fake\n',
  'dist/chunk-AAAAAAAA.js': 'an earlier build',
  'dist/main.js.map': '{}',
  'test/some.test.ts': '',
  'store.db': '',
  'debug.log': '',
};

let installed: Installed;
beforeAll(() => {
  installed = packAndInstall(clutter);
});
afterAll(() => installed.remove());

const names = () => installed.packed.files.map(({ path }) => path);

describe('the tarball', () => {
  it('has the program, its pages and its documentation, and no other files', () => {
    const places = new Set(names().map((name) => name.replace(/\/.*/, '/')));
    expect([...places].sort()).toEqual(['LICENSE', 'README.md', 'bin/', 'dist/', 'package.json', 'views/']);
    expect(names()).toEqual(
      expect.arrayContaining([
        'bin/webex-token.cjs',
        'dist/main.js',
        'dist/get.cjs',
        'dist/browser/capture.js',
      ]),
    );
    for (const name of Object.keys(clutter)) expect(names()).not.toContain(name);
    expect(names().filter((name) => !/\.(c?js|ejs|css|svg|md|json|txt)$|^LICENSE$/.test(name))).toEqual([]);
    expect(names().filter((name) => /^tests?\/|\.test\.|simulat|\benv\b/i.test(name))).toEqual([]);
  });

  it('has each file once, all imported by the program, and no path of the machine that built it', () => {
    const scripts = names().filter((name) => /^dist\/[^/]+\.js$/.test(name));
    const texts = scripts.map((name) => readFileSync(join(installed.folder, name), 'utf8'));
    const all = texts.join('\n');
    const unreached = scripts.filter((name) => name !== 'dist/main.js' && !all.includes(name.slice(5)));
    expect(unreached).toEqual([]);
    for (const name of names().filter((each) => each.startsWith('dist/'))) {
      const text = readFileSync(join(installed.folder, name), 'utf8');
      expect([name, text.includes('sourceMappingURL')]).toEqual([name, false]);
      expect([name, text.includes(join(import.meta.dirname, '../..'))]).toEqual([name, false]);
      expect([name, /src\/(simulator|demo)\//.test(text)]).toEqual([name, false]);
    }
  });

  it('has the license notices of the packages that are bundled into it', () => {
    const notices = readFileSync(join(installed.folder, 'dist/licenses.txt'), 'utf8');
    for (const name of ['commander', 'jose', 'kysely', 'oauth4webapi', 'openid-client', 'zod']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n[^]*Copyright`, 'm'));
    }
  });

  it('is free of packaging mistakes, and offers no module to import: it is a program', async () => {
    const { messages } = await publint({ pkgDir: installed.folder, pack: false, strict: true });
    expect(messages).toEqual([]);
    const require = createRequire(join(installed.folder, '../consumer.cjs'));
    expect(() => require('webex-token-broker')).toThrow(/No "exports" main defined/);
    expect(require('webex-token-broker/package.json')).toMatchObject({ version });
  });

  it('is small', () => {
    const { size, unpackedSize } = installed.packed;
    expect(size).toBeLessThan(1_300_000);
    expect(unpackedSize).toBeLessThan(5_000_000);
  });
});

describe('the installed package', () => {
  it('works after installation: version, help, import, get and doctor', async () => {
    const webex = await simulated();
    const here = await machine(webex, {}, [process.execPath, installed.program]);
    expect(await here.run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
    const help = await here.run(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['serve', 'login', 'get', 'doctor'])
      expect(help.stdout).toContain(`\n  ${command} `);
    const { accessToken: token } = webex.issueToken('full-admin');
    expect(await here.run(['import', 'acme'], token)).toMatchObject({ code: 0 });
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 0, stdout: `${token}\n` });
    expect(await here.run(['get', 'acme', '--format', 'json'])).toMatchObject({ code: 0 });
    expect(await here.run(['doctor'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('serves its pages and their scripts after installation', async () => {
    const here = await machine(undefined, {}, [process.execPath, installed.program]);
    const serve = here.start(['serve', '--no-open']);
    await serve.stderrMatching(/\/access\//);
    for (const path of ['/auth/code', '/assets/capture.js', '/assets/style.css', '/assets/favicon.svg']) {
      expect([path, (await fetch(`http://localhost:${here.port}${path}`)).status]).toEqual([path, 200]);
    }
  });
});
