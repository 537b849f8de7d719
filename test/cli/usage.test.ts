import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../src/cli/commands/registry.ts';
import { machine, program } from '../support/cli/cli-process.ts';
import { copyProgram } from '../support/cli/copy-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The commands that have an action, each with its words. */
function leaves(command: Command, before = ''): [string, Command][] {
  const name = `${before}${command.name()}`;
  if (command.commands.length === 0) return [[name, command]];
  return command.commands.flatMap((each) => leaves(each, `${name} `));
}

function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) }).outputHelp();
  return parts.join('');
}

describe('help', () => {
  it('describes every command, with an example that calls it', async () => {
    const all = (await allCommands()).flatMap((command) => leaves(command));
    expect(all.length).toBeGreaterThan(20);
    for (const [name, command] of all) {
      const help = helpOf(command);
      expect([name, command.description().length > 10]).toEqual([name, true]);
      expect([name, /^Examples?:$/m.test(help)]).toEqual([name, true]);
      expect([name, help.split(/^Examples?:$/m)[1]?.includes(`webex-token ${name}`)]).toEqual([name, true]);
    }
  });

  it('goes to standard output and exits 0', async () => {
    const here = await machine();
    for (const args of [['--help'], ['login', '--help'], ['help', 'get']]) {
      const { code, stdout, stderr } = await here.run(args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      expect(stdout).toContain('webex-token');
    }
    const version = await here.run(['--version']);
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('wrong usage', () => {
  it.each([
    [[]],
    [['logn', 'acme']],
    [['login']],
    [['login', 'acme', 'globex']],
    [['login', 'acme', '--deployment', 'fedramp']],
    [['login', 'acme', '--timeout', '0']],
    [['login', 'acme', '--timeout', '1.5']],
    [['login', 'acme', '--org-id', 'a35bfbc6-ccbd-4a17-a488-72gf46c5420c']],
    [['login', '社']],
    [['list', '--jsn']],
    [['get', 'acme', '--format', 'xml']],
    [['rename', 'acme']],
    [['serve', '--api', 'nowhere']],
  ])('exits 2 with nothing on standard output and no stack trace: %j', async (args) => {
    const here = await machine();
    const { code, stdout, stderr } = await here.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/\w{3,}/);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('suggests a command for a misspelled one', async () => {
    const here = await machine();
    expect((await here.run(['logn', 'acme'])).stderr).toMatch(/Did you mean .*login/);
  });
});

describe('a wrong setting', () => {
  const line =
    /^webex-token: WEBEX_TOKEN_PORT: "banana" is not a port number from 1 to 65535, for example WEBEX_TOKEN_PORT=3000$/;

  it('stops the start with one line', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_PORT: 'banana' });
    const { code, stdout, stderr } = await here.run(['list']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd()).toMatch(line);
  });

  it('is read from .env next to package.json too, after the environment', async () => {
    const installed = temporaryFolder();
    const root = join(dirname(program), '..');
    copyProgram(installed);
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
    writeFileSync(join(installed, '.env'), 'WEBEX_TOKEN_PORT=banana\n');
    const command = [process.execPath, join(installed, 'bin/webex-token.cjs')];
    const here = await machine(undefined, { WEBEX_TOKEN_PORT: undefined }, command);
    const refused = await here.run(['list']);
    expect(refused.code).toBe(2);
    expect(refused.stderr.trimEnd()).toMatch(line);
    here.environment.WEBEX_TOKEN_PORT = String(here.port);
    expect(await here.run(['list'])).toMatchObject({ code: 0 });
  });
});

describe('the data folder', () => {
  it('is refused if others can read it, with chmod as the remedy', async () => {
    const here = await machine();
    mkdirSync(here.home, { mode: 0o755 });
    for (const args of [['list'], ['get', 'acme']]) {
      const { code, stdout, stderr } = await here.run(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`chmod 700 '${here.home}'`);
    }
  });
});
