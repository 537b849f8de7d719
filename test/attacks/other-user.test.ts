import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { secretVariables } from '../../src/environment/secret-variables.ts';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { isOtherUser } from '../../src/web/middleware/socket-owner.ts';
import { startTarget } from '../support/attacks/attack-target.ts';
import { machine } from '../support/cli/cli-process.ts';
import { simulated } from '../support/test-simulator.ts';
import { filesHolding } from '../support/vault/test-vault.ts';

const linux = process.platform === 'linux';

describe('one-time links', () => {
  const target = startTarget();
  const open = (path: string) => fetch(`${target.origin}${path}`, { redirect: 'manual' });

  it('open the app in only one of a hundred simultaneous browsers', async () => {
    const link = `/access/${await createAccessLink(target.vault)}`;
    const answers = await Promise.all(Array.from({ length: 100 }, () => open(link)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([303, ...Array.from({ length: 99 }, () => 410)]);
    expect(answers.filter(({ headers }) => headers.getSetCookie().length > 0)).toHaveLength(1);
  });

  it('start a sign-in in only one of a hundred simultaneous browsers', async () => {
    const { link } = await createSignInLink(target.vault, { profile: 'globex' });
    const answers = await Promise.all(Array.from({ length: 100 }, () => open(`/sign-in/${link}`)));
    const started = answers.filter(({ status }) => status === 303);
    expect(started).toHaveLength(1);
    expect(started[0]?.headers.get('location')).toContain('/oauth2/v1/authorize?');
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(99);
    const sessions = await target.vault.db.selectFrom('web_session').selectAll().execute();
    expect(sessions.length).toBeLessThan(5);
  });

  it('work for this user if the browser is started with one', async () => {
    const link = `/access/${await createAccessLink(target.vault, { sameUserOnly: true })}`;
    expect((await open(link)).status).toBe(303);
    expect((await open(link)).status).toBe(410);
  });

  // Only the administrator can be another user.
  it.runIf(linux && process.getuid?.() === 0)(
    'are refused for another user, without being used up',
    async () => {
      const links = [
        `/access/${await createAccessLink(target.vault, { sameUserOnly: true })}`,
        `/sign-in/${(await createSignInLink(target.vault, { profile: 'globex' }, { sameUserOnly: true })).link}`,
      ];
      for (const link of [...links, ...links.map((each) => each.replace('.own', '%2eown'))]) {
        const { stdout } = await promisify(execFile)(
          'curl',
          ['-s', '-o', '/dev/null', '-w', '%{http_code}', `${target.origin}${link}`],
          { uid: 65_534 },
        );
        expect(stdout).toBe('403');
      }
      for (const link of links) expect((await open(link)).status).toBe(303);
      for (const link of [`/access/${await createAccessLink(target.vault)}`]) {
        const { stdout } = await promisify(execFile)(
          'curl',
          ['-s', '-o', '/dev/null', '-w', '%{http_code}', `${target.origin}${link}`],
          {
            uid: 65_534,
          },
        );
        expect(stdout).toBe('303');
      }
    },
  );

  it.runIf(linux && process.getuid?.() === 0)(
    'give no session to another user, even with the cookie of this user',
    async () => {
      const entered = await open(`/access/${await createAccessLink(target.vault)}`);
      const [cookie = ''] = entered.headers.getSetCookie().map((each) => each.split(';', 1)[0]);
      const mine = await fetch(`${target.origin}/audit-log`, { headers: { cookie } });
      expect(mine.status).toBe(200);
      const { stdout } = await promisify(execFile)(
        'curl',
        ['-s', '-i', '-H', `Cookie: ${cookie}`, `${target.origin}/audit-log`],
        { uid: 65_534 },
      );
      expect(stdout).toMatch(/^HTTP\/1\.1 403 /);
      expect(stdout).not.toMatch(/set-cookie|href="\/log"/i);
      expect((await fetch(`${target.origin}/audit-log`, { headers: { cookie } })).status).toBe(200);
    },
  );

  describe('the owner of a connection, in the tables of the system', () => {
    const me = process.getuid?.() ?? 0;
    const row = (uid: number, from = '0100007F:9C40', to = '0100007F:0BB8', state = '01') =>
      `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: ${from} ${to} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 4711 1 0000000000000000 20 4 30 10 -1\n`;
    const v6 = ['00000000000000000000000001000000:9C40', '00000000000000000000000001000000:0BB8'] as const;
    const connection = {
      remoteAddress: '127.0.0.1',
      remotePort: 40_000,
      localAddress: '127.0.0.1',
      localPort: 3000,
    };
    const connectionV6 = { ...connection, remoteAddress: '::1', localAddress: '::1' };
    const isOther = (tables: string[], of = connection) => isOtherUser({ ...of }, () => tables);

    function asUser(uid: number): void {
      vi.spyOn(process, 'getuid').mockReturnValue(uid);
      onTestFinished(() => void vi.restoreAllMocks());
    }

    it('is found by the addresses and ports of both ends', () => {
      expect(isOther([row(me)])).toBe(false);
      expect(isOther([row(0)])).toBe(false);
      expect(isOther([row(me + 1)])).toBe(true);
      expect(isOther(['', row(me, ...v6)], connectionV6)).toBe(false);
      expect(isOther(['', row(me + 1, ...v6)], connectionV6)).toBe(true);
      // The other direction is the socket of this server.
      expect(isOther([row(me + 1, '0100007F:0BB8', '0100007F:9C40') + row(me)])).toBe(false);
    });

    it('is found where one end has an IPv4-mapped IPv6 address', () => {
      const mapped = [
        '0000000000000000FFFF00000100007F:9C40',
        '0000000000000000FFFF00000100007F:0BB8',
      ] as const;
      const asSeenByServer = {
        ...connection,
        remoteAddress: '::ffff:127.0.0.1',
        localAddress: '::ffff:127.0.0.1',
      };
      for (const [uid, expected] of [
        [me, false],
        [me + 1, true],
      ] as const) {
        expect(isOther(['', row(uid, ...mapped)])).toBe(expected);
        expect(isOther([row(uid)], asSeenByServer)).toBe(expected);
        expect(isOther(['', row(uid, ...mapped)], asSeenByServer)).toBe(expected);
      }
    });

    it('is not that of other connections with the same ports', () => {
      asUser(1000);
      const closedV4 = row(0, undefined, undefined, '06');
      const elsewhere = row(1001, '0500000A:9C40', '0101A8C0:0BB8');
      expect(isOther([closedV4 + elsewhere, row(1000, ...v6)], connectionV6)).toBe(false);
      expect(isOther([elsewhere + row(1000), row(1001, ...v6)])).toBe(false);
      // Nor does a connection of this user elsewhere prove anything.
      expect(isOther([row(1000, '0500000A:9C40', '0101A8C0:0BB8')])).toBe(true);
    });

    it('is unknown once the other end has closed its socket, and counts as another user', () => {
      asUser(1000);
      const closed = ['04', '05', '06', '09'];
      for (const state of closed) expect(isOther([row(0, undefined, undefined, state)])).toBe(true);
      // An open socket of root, and one whose other end has closed.
      for (const state of ['01', '08']) expect(isOther([row(0, undefined, undefined, state)])).toBe(false);
      // Nothing is left of the connection, but the tables have the socket that listens.
      expect(isOther([row(1000, '0100007F:0BB8', '00000000:0000', '0A')])).toBe(true);
    });

    it.runIf(linux)('is unknown once the connection was reset, and counts as another user', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const [socket] = await accepted;
      socket.on('error', () => {});
      client.resetAndDestroy();
      await new Promise((resolve) => socket.once('close', resolve));
      expect(isOtherUser(socket)).toBe(true);
    });

    it('is not known on a system without these tables', () => {
      expect(isOther(['', ''])).toBe(false);
    });

    it('is looked up once, when the tables have the connection', () => {
      expect(isOtherUser(connection, () => [])).toBe(false);
      expect(isOtherUser(connection, () => [row(me + 1)])).toBe(true);
      expect(isOtherUser(connection, () => [row(me)])).toBe(true);
      expect(isOther([row(me)])).toBe(false);
    });
  });
});

/** Every file below a folder, with its mode in octal. */
function modes(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${(statSync(path).mode & 0o777).toString(8)} ${path.slice(folder.length)}`);
}

/*
 * The environment in which a person starts `serve` is in its /proc/<pid>/environ: the system keeps it there
 * for that person and the administrator, and no program can take it away.
 */
describe.runIf(linux)('processes', () => {
  it('have no token in an argument, and pass no secret and no usable link to a helper', async () => {
    const simulator = await simulated();
    const secrets = Object.fromEntries(
      secretVariables
        .filter((name) => !/DATABASE_URL|SMTP_URL|WEBHOOK_URL/.test(name))
        .map((name) => [name, `secret-value-of-${name}`.padEnd(40, '-')]),
    );
    const here = await machine(simulator, { ...secrets, DISPLAY: ':99' });
    const tools = join(here.home, '..', 'tools');
    mkdirSync(tools);
    // The commands that start a browser, show a notification or fill the clipboard are replaced: they record what they get.
    const spy = `#!/bin/sh\n{ tr '\\0' '\\n' </proc/$$/environ; echo "ARGUMENTS $0 $*"; } >>'${tools}/seen'\n`;
    for (const name of [
      'prlimit',
      'xdg-open',
      'x-www-browser',
      'firefox',
      'notify-send',
      'xsel',
      'wl-copy',
      'browser',
    ]) {
      writeFileSync(join(tools, name), spy);
      chmodSync(join(tools, name), 0o755);
    }
    // The test does not use the default browser of this computer.
    for (const name of ['xdg-settings', 'xdg-mime']) {
      writeFileSync(join(tools, name), `${spy}echo firefox.desktop\n`);
      chmodSync(join(tools, name), 0o755);
    }
    Object.assign(here.environment, {
      XDG_DATA_HOME: tools,
      XDG_DATA_DIRS: tools,
      PGPASSWORD: 'secret-value-of-PGPASSWORD',
      AWS_SECRET_ACCESS_KEY: 'secret-value-of-another-tool',
      PATH: `${tools}:${here.environment.PATH}`,
      BROWSER: join(tools, 'browser'),
    });
    const { accessToken } = simulator.issueToken('full-admin');
    expect(await here.run(['import', 'acme'], accessToken)).toMatchObject({ code: 0 });

    const serve = here.spawn(['serve']);
    await serve.stderrMatching(/webex-token open/);
    const link = () => /\/access\/([\w.-]+)/.exec(readFileSync(join(tools, 'seen'), 'utf8'))?.[1] ?? '';
    await expect.poll(link).toMatch(/^[\w-]{43}\.own$/);
    expect(readFileSync(`/proc/${serve.pid}/cmdline`, 'latin1')).not.toMatch(/access|secret-value|SIMULATED/);

    const shown = await here.spawn(['exec', 'acme', '--', 'sh', '-c', 'cat /proc/$$/cmdline; env']).finished;
    expect(shown.stdout.split('\0')[0]).toBe('sh');
    const lines = shown.stdout.slice(shown.stdout.lastIndexOf('\0') + 1).split('\n');
    const holding = lines.filter((line) => line.includes(accessToken)).map((line) => line.split('=')[0]);
    expect(holding).toEqual(['WEBEX_ACCESS_TOKEN']);
    const handedOn = lines
      .filter((line) => line.includes('secret-value-of-'))
      .map((line) => line.split('=')[0]);
    // Variables that other tools read are passed to them.
    expect(handedOn.filter((name) => name?.startsWith('WEBEX_TOKEN_'))).toEqual([]);
    expect(handedOn.sort()).toEqual([
      'AWS_SECRET_ACCESS_KEY',
      'AZURE_CLIENT_SECRET',
      'OKTA_CLIENT_PRIVATEKEY',
      'OKTA_CLIENT_TOKEN',
    ]);

    const copy = here.spawn(['copy', 'acme']);
    await Promise.race([copy.finished, copy.stderrMatching(/Copied the token/).catch(() => {})]);
    const all = readFileSync(join(tools, 'seen'), 'utf8');
    expect(all).toContain(`ARGUMENTS ${tools}/firefox --private-window `);
    expect(all).not.toContain('secret-value-of-');
    // Not only the variables that are listed as secret, but all that helpers do not need.
    const names = [...all.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(names.filter((name) => /^(WEBEX|AZURE|OKTA|PG|NODE|AWS)/.test(name ?? ''))).toEqual([]);
    expect(all).not.toContain(accessToken);
    serve.kill('SIGTERM');
    expect((await serve.finished).code).toBe(0);
  });

  it('create files and folders that only their owner can access', async () => {
    const simulator = await simulated();
    const here = await machine(simulator);
    const { accessToken } = simulator.issueToken('full-admin');
    expect(await here.run(['import', 'acme'], accessToken)).toMatchObject({ code: 0 });
    const serve = here.spawn(['serve', '--no-open']);
    await serve.stderrMatching(/\/access\//);
    expect(await here.run(['backup', join(here.home, 'backup')])).toMatchObject({ code: 0 });
    expect((statSync(here.home).mode & 0o777).toString(8)).toBe('700');
    const seen = modes(here.home);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.filter((each) => !/^(600|700) /.test(each))).toEqual([]);
    expect(seen.join()).toMatch(/server\.json.*store\.db|store\.db.*server\.json/);
    expect(filesHolding(here.home, accessToken)).toEqual([]);
    // There is no socket in the file system that others could connect to.
    expect(readdirSync(here.home, { withFileTypes: true }).filter((entry) => entry.isSocket())).toEqual([]);
    serve.kill('SIGTERM');
    await serve.finished;
  });
});
