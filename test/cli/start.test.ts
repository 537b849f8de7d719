import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { program } from '../support/cli/cli-process.ts';
import { machineWithToken } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('webex-token under an old Node', () => {
  /** The program in a new folder, where `bundled` is the Node that npm brought; null: none. */
  function clone(bundled: string | null, preload: string, name = 'node') {
    const folder = temporaryFolder();
    const copy = join(folder, 'bin', 'webex-token.cjs');
    const node = join(folder, 'node_modules', 'node', 'bin', name);
    for (const file of [copy, node]) mkdirSync(join(file, '..'), { recursive: true });
    copyFileSync(program, copy);
    if (bundled !== null) {
      writeFileSync(node, bundled);
      chmodSync(node, 0o700);
    }
    const first = join(folder, 'preload.cjs');
    writeFileSync(
      first,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '12.22.0' } });\n${preload}`,
    );
    return { folder, command: [process.execPath, '-r', first, copy] as const };
  }

  /** What a command prints there, and how it ends. */
  function start(bundled: string | null, preload: string, name?: string) {
    const { folder, command } = clone(bundled, preload, name);
    const [node, ...args] = command;
    const { status, stdout, stderr } = spawnSync(node, [...args, 'list', '--json'], { encoding: 'utf8' });
    return { status, stdout, stderr: stderr.replaceAll(folder, '') };
  }

  const windows = `Object.defineProperty(process, 'platform', { value: 'win32' });
    const child = require('child_process'), spawn = child.spawn;
    child.spawn = (file, args, options) => (console.log(file.split('/').pop(), ...args.slice(1)), spawn('true', [], options));`;

  it('starts the Node from npm', () => {
    expect(start('#!/bin/sh\nshift; echo "$@"; exit 7\n', '')).toMatchObject({
      status: 7,
      stdout: 'list --json\n',
      stderr: '',
    });
  });

  // Tested by its arguments, because this is not Windows.
  it('starts node.exe on Windows, not the empty file next to it', () => {
    expect(start('', windows, 'node.exe')).toMatchObject({ status: 0, stdout: 'node.exe list --json\n' });
    expect(start('', windows, 'node')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('needs Node.js 24'),
    });
  });

  it.each([
    ['is not there', null, /^webex-token needs Node\.js 24 or newer; this is 12\.22\.0\. .*\n$/],
    ['is damaged', '#!/nowhere/interpreter\n', /^webex-token: \S+ could not be started \(ENOENT\)\. .*\n$/],
  ])('says in one line that the Node from npm %s', (_, bundled, line) => {
    expect(start(bundled, '')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(line) });
  });

  describe.skipIf(process.platform === 'win32')('with signals', () => {
    /**
     * Prints the signals that it gets, and ends with SIGTERM. For the shell, the second line starts Node, whose path may have
     * spaces. For Node, it is a string and a comment.
     */
    const listener = `#!/bin/sh
      ":" //; exec "${process.execPath}" "$0" "$@"
      for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'])
        process.on(signal, () => {
          console.log('got ' + signal);
          if (signal === 'SIGTERM') process.exit(9);
        });
      setInterval(() => {}, 1_000);
      console.log('parent ' + process.ppid);`;

    /** All that it prints until it ends; `then` is called with each part. */
    async function printed(child: ChildProcess, then: (text: string) => void) {
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        then(part);
      });
      const [code] = await once(child, 'close');
      return { text, code };
    }

    it('passes everything that a program may use to the Node from npm', async () => {
      const [node, ...args] = clone(listener, '').command;
      const child = spawn(node, [...args, 'exec'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const signals = ['SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGHUP', 'SIGINT', 'SIGTERM'] as const;
      const left = [...signals];
      const { text, code } = await printed(child, () => child.kill(left.shift()));
      expect(text.match(/SIG\w+/g)).toEqual(signals);
      expect(code).toBe(9);
    });

    it.runIf(existsSync('/usr/bin/script'))(
      'passes no Ctrl-C on, which a terminal sends to both',
      async () => {
        const command = clone(listener, '').command.map((word) => `'${word}'`);
        const child = spawn('/usr/bin/script', ['-qec', `${command.join(' ')} copy`, '/dev/null'], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        let shown = '';
        const { text, code } = await printed(child, (part) => {
          shown += part;
          const [, first] = /parent (\d+)\s/.exec(shown) ?? [];
          if (first === undefined) return;
          shown = '';
          for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM']) process.kill(Number(first), signal);
        });
        expect(text.match(/SIG\w+/g)).toEqual(['SIGTERM']);
        expect(code).toBe(9);
      },
    );
  });
});

describe.skipIf(process.platform === 'win32')('webex-token exec', () => {
  it('runs its program with the environment, debug variables and umask of the caller', async () => {
    const given = {
      DEBUG: 'theirs:*',
      NODE_DEBUG: 'theirs',
      AZURE_CLIENT_SECRET: 'theirs',
      OKTA_CLIENT_TOKEN: 'theirs',
      PGPASSWORD: 'not theirs',
      PGHOST: 'theirs',
      WEBEX_TOKEN_WEBHOOK_SECRET: 'not theirs, and long',
    };
    const here = await machineWithToken(given);
    for (const umask of ['0000', '0022', '0027', '0077']) {
      const script = `umask ${umask}; exec "$0" "$@"`;
      const args = [process.execPath, program, 'exec', 'acme', '--', 'sh', '-c', 'umask; env'];
      const { stdout, status } = spawnSync('sh', ['-c', script, ...args], {
        encoding: 'utf8',
        env: here.environment,
      });
      expect(status).toBe(0);
      const [mask, ...lines] = stdout.trim().split('\n');
      expect(mask).toBe(umask);
      const environment = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
      const expected = { ...here.environment } as Record<string, string>;
      delete expected.PGPASSWORD;
      delete expected.WEBEX_TOKEN_WEBHOOK_SECRET;
      expect(environment).toMatchObject(expected);
      const more = Object.keys(environment).filter((name) => !(name in expected));
      // What the shell itself sets, and the token.
      expect(more.filter((name) => !/^(_|PWD|OLDPWD|SHLVL)$/.test(name)).sort()).toEqual([
        'WEBEX_ACCESS_TOKEN',
        'WEBEX_ORG_ID',
        'WEBEX_SCIM_TENANT_URL',
        'WEBEX_TOKEN_EXPIRES_AT',
      ]);
    }
  });
});
