import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../src/simulator/webex/sign-in.ts';
import { machine } from '../support/cli/cli-process.ts';
import { BrowserByHand, printedLink } from '../support/cli/follow-link.ts';
import { missingForKeychain } from '../support/missing-for-keychain.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fragmentOf, simulated } from '../support/test-simulator.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'webex-token-single-file-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How Node was built, according to Node. */
const { single_executable_application: supported, node_shared: shared } = process.config.variables as Record<
  string,
  unknown
>;
const reason =
  supported === true && shared !== true ? '' : ' (skipped: this Node cannot be made into a single file)';

describe.skipIf(reason !== '')(`the single file${reason}`, () => {
  let program = '';
  beforeAll(() => {
    const script = join(root, 'scripts/single-file.ts');
    const out = execFileSync(process.execPath, [script, folder], { encoding: 'utf8', stdio: 'pipe' });
    program = out.trim().split('\n').at(-1) ?? '';
    expect(basename(program)).toMatch(/^webex-token-\w+-\w+/);
  });

  it('runs alone: sign-in, get, exec and doctor, without Node and its packages', async () => {
    const webex = await simulated();
    const here = await machine(webex, {}, [program]);
    expect(await here.run(['--version'])).toMatchObject({ code: 0, stderr: '' });
    expect((await here.run(['--help'])).stdout).toContain('\n  serve ');
    const login = here.start(['login', 'acme', '--paste'], null);
    const [, address = ''] = await login.stderrMatching(/^(http\S+\/oauth2\/v1\/authorize\?\S+)$/m);
    const redirectUrl = await signIn(address, { account: 'full-admin' });
    login.write(`${redirectUrl}\n`);
    expect(await login.finished).toMatchObject({ code: 0 });
    const { access_token: token } = fragmentOf(redirectUrl);
    expect(await here.run(['get', 'acme'])).toMatchObject({ code: 0, stdout: `${token}\n` });
    expect(await here.run(['exec', 'acme', '--', 'printenv', 'WEBEX_ACCESS_TOKEN'])).toMatchObject({
      code: 0,
      stdout: `${token}\n`,
    });
    expect(await here.run(['doctor'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('serves every page file that it contains', async () => {
    const here = await machine(undefined, {}, [program]);
    const serve = here.start(['serve', '--no-open']);
    const browser = new BrowserByHand();
    await browser.get(await printedLink(serve));
    for (const path of ['/', '/import', '/sign-in', '/reminders', '/clients', '/renewals', '/audit-log']) {
      expect([path, (await browser.get(`http://localhost:${here.port}${path}`)).status]).toEqual([path, 200]);
    }
    const assets = globSync(['views/assets/*', 'dist/browser/*'], { cwd: root }).map((path) =>
      basename(path),
    );
    expect(assets.length).toBeGreaterThan(8);
    for (const name of assets) {
      const { status } = await fetch(`http://localhost:${here.port}/assets/${name}`);
      expect([name, status]).toEqual([name, 200]);
    }
    serve.kill('SIGTERM');
    expect(await serve.finished).toMatchObject({ code: 0 });
  });

  it('is what a scheduled job starts', async () => {
    const here = await machine(undefined, {}, [program]);
    const install = async () => {
      const result = await here.run(['schedule', 'install', '--dry-run']);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      return result.stdout;
    };
    const shown = await install();
    expect(shown).toContain(`'${program}' 'remind' '--scheduled'`);
    expect(shown).not.toContain('.cjs');
    expect(shown).toContain('WEBEX_TOKEN_PORT\n');
    // The job reads the same .env, so what is set there is not saved again.
    mkdirSync(here.home, { recursive: true });
    writeFileSync(join(here.home, '.env'), `WEBEX_TOKEN_PORT=${here.port}\n`);
    expect(await install()).not.toContain('WEBEX_TOKEN_PORT');
  });

  it('loads no code and no settings from outside: neither NODE_OPTIONS nor files next to it count', async () => {
    const elsewhere = temporaryFolder();
    const copy = join(elsewhere, basename(program));
    copyFileSync(program, copy);
    writeFileSync(join(elsewhere, 'planted.cjs'), 'process.stdout.write("planted")');
    writeFileSync(join(elsewhere, '.env'), 'WEBEX_TOKEN_PORT=banana\n');
    for (const name of ['main.cjs', 'package.json', 'keychain.node'])
      writeFileSync(join(elsewhere, name), '{}');
    for (const name of ['@napi-rs/keyring', 'pg-native', 'pino-pretty']) {
      mkdirSync(join(elsewhere, 'node_modules', name), { recursive: true });
      writeFileSync(join(elsewhere, 'node_modules', name, 'index.js'), 'process.stdout.write("planted")');
    }
    const here = await machine(
      undefined,
      {
        NODE_OPTIONS: `--require=${JSON.stringify(join(elsewhere, 'planted.cjs'))}`,
        WEBEX_TOKEN_PORT: undefined,
      },
      [copy],
    );
    // Without a keychain, the first command that needs a key looks for one.
    expect(await here.run(['client', 'list'])).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining('planted'),
    });
    expect(readdirSync(here.home).filter((name) => name.includes('module'))).toEqual([]);
    // A package that pg loads if this variable is set.
    const forced = { NODE_PG_FORCE_NATIVE: '1', NODE_PATH: join(elsewhere, 'node_modules') };
    const database = { WEBEX_TOKEN_DATABASE_URL: 'postgres://fake@127.0.0.1:1/fake?sslmode=disable' };
    const other = await machine(undefined, { ...forced, ...database }, [copy]);
    expect((await other.run(['list'])).stdout).not.toContain('planted');
    // Its own .env is in the data folder.
    writeFileSync(join(here.home, '.env'), 'WEBEX_TOKEN_PORT=banana\n', { mode: 0o600 });
    expect(await here.run(['list'])).toMatchObject({ code: 2, stderr: expect.stringContaining('banana') });
  });

  it('drops the debug variables of Node, and passes them on to the program that exec runs', async () => {
    const webex = await simulated();
    const here = await machine(webex, { NODE_DEBUG: 'http' }, [program]);
    const { accessToken } = webex.issueToken('full-admin');
    const imported = await here.run(['import', 'acme'], accessToken);
    expect(imported.code).toBe(0);
    expect(imported.stderr).not.toContain('HTTP ');
    const { stdout } = await here.run(['exec', 'acme', '--', 'printenv', 'NODE_DEBUG']);
    expect(stdout).toBe('http\n');
  });

  const missing = missingForKeychain();
  const why = missing === null ? '' : ` (skipped: ${missing})`;
  it.skipIf(missing !== null)(`keeps its key in the keychain${why}`, () => {
    const home = temporaryFolder();
    for (const name of ['run', 'data']) mkdirSync(join(home, name), { mode: 0o700 });
    const commands =
      'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null; "$0" list && "$0" doctor';
    const { stdout } = spawnSync('dbus-run-session', ['--', 'sh', '-c', commands, program], {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: home,
        XDG_RUNTIME_DIR: join(home, 'run'),
        XDG_DATA_HOME: join(home, 'data'),
        WEBEX_TOKEN_HOME: join(home, 'tokens'),
      },
    });
    expect(stdout).toMatch(/Key: in the .*keychain/);
    expect(readdirSync(join(home, 'tokens')).filter((name) => /key\.jwk|module/.test(name))).toEqual([]);
  });
});
