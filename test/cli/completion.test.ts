import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { type Machine, machine, program } from '../support/cli/cli-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const lines: [line: string, offered: string[]][] = [
  ['webex-token ge', ['get']],
  ['webex-token get ', ['acme', 'globex']],
  ['webex-token get gl', ['globex']],
  ['webex-token get acme --format ter', ['terraform']],
  ['webex-token get acme --allow', ['--allow-expired']],
  ['webex-token client ', ['add', 'list', 'remove', 'rotate']],
  ['webex-token client remove ', ['ci']],
  ['webex-token client add x --profile ', ['acme', 'globex']],
];

/** Two profiles, a client, and the program on the search path. */
async function stocked(): Promise<Machine & { script(shell: string): Promise<string> }> {
  const folder = temporaryFolder();
  const wrapper = join(folder, 'webex-token');
  writeFileSync(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(wrapper, 0o700);
  const here = await machine(undefined, { PATH: `${folder}:${process.env.PATH}` });
  const csv = join(folder, 'profiles.csv');
  writeFileSync(csv, 'profile,deployment\nacme,commercial\nglobex,commercial\n');
  expect(await here.run(['profile', 'import', csv])).toMatchObject({ code: 0 });
  expect(await here.run(['client', 'add', 'ci', '--profile', 'acme'])).toMatchObject({ code: 0 });
  const script = async (shell: string) => {
    const file = join(folder, `completion.${shell}`);
    const { stdout, code } = await here.run(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(file, stdout);
    return file;
  };
  return { ...here, script };
}

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function run(
  shell: string,
  script: string,
  environment: NodeJS.ProcessEnv,
  cwd = environment.HOME,
): string[] {
  const output = execFileSync(shell, ['-c', script], { encoding: 'utf8', env: environment, cwd });
  return output
    .split('\n')
    .filter((word) => word !== '')
    .sort();
}

/** The words of a command line, the one under the cursor last. */
function wordsOf(line: string): string {
  return line
    .split(' ')
    .map((word) => `'${word}'`)
    .join(' ');
}

/** Runs a shell's completion of a command line, with the script that was printed for it; prints what is offered. */
const drivers: Record<string, (file: string, line: string) => string> = {
  bash: (file, line) =>
    `source '${file}'; COMP_WORDS=(${wordsOf(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _webex_token; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // Replaces zsh's own completion functions, which work only in its line editor.
  zsh: (file, line) => `
    offer() { local each; for each in "$@"; do [[ "$each" == "\${words[CURRENT]}"* ]] && print -r -- "$each"; done }
    compdef() { : }; _files() { : }
    _describe() { local list=("\${(@P)2}"); offer "\${(@)list%%:*}" }
    compadd() { [[ "$1" == -a ]] && offer "\${(@P)2}" || { shift; offer "$@" } }
    source '${file}'; words=(${wordsOf(line)}); CURRENT=\${#words}; _webex_token; true`,
  fish: (file, line) => `source '${file}'; complete -C '${line}' | cut -f1`,
};

describe.each(Object.entries(drivers))('completion in %s', (shell, driver) => {
  const it = test.runIf(has(shell));

  it('completes commands, options, values and names', async () => {
    const here = await stocked();
    const file = await here.script(shell);
    for (const [line, offered] of lines) {
      expect(run(shell, driver(file, line), here.environment), line).toEqual(offered);
    }
  });

  it('never offers a name that is a shell command', async () => {
    const here = await stocked();
    const file = await here.script(shell);
    writeHostileNames(here.home);
    const folder = temporaryFolder();
    for (const [line, offered] of lines) {
      expect(run(shell, driver(file, line), here.environment, folder), line).toEqual(offered);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('neither offers nor expands output of another program with the same name', async () => {
    const here = await stocked();
    const file = await here.script(shell);
    const folder = temporaryFolder();
    const program = join(here.environment.PATH?.split(':')[0] ?? '', 'webex-token');
    writeFileSync(program, `#!/bin/sh\ncat <<'END'\n${hostileNames.join('\n')}\nglobex\nEND\n`);
    for (const line of ['webex-token get ', 'webex-token client add x --profile ']) {
      expect(run(shell, driver(file, line), here.environment, folder), line).toEqual(['acme', 'globex']);
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** Each would write a file if a shell ran it. */
const hostileNames = [
  `x$(touch$\{IFS}f)`,
  'x`touch f`',
  'acme;touch f',
  "'$(touch f)'",
  '"$(touch f)"',
  'acme\n$(touch f)',
  'a*',
  '*',
  '~',
  'acme & touch f',
  `x$\{x:-$(touch f)}`,
  'x:$(touch f)',
  '(touch f)',
  '<(touch f)',
  '{a,b}',
  '--allow-expired',
  "acme'; touch f; '",
  'Acme',
  '\u001b[2Jacme',
];

function writeHostileNames(home: string): void {
  const database = new DatabaseSync(join(home, 'store.db'));
  try {
    for (const table of ['profile', 'client']) {
      const columns = database.prepare(`select * from ${table} limit 1`).get() as Record<
        string,
        string | null
      >;
      const names = Object.keys(columns);
      const insert = database.prepare(
        `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
      );
      hostileNames.forEach((name, at) => {
        insert.run(...Object.values({ ...columns, id: `hostile-${at}`, name }));
      });
    }
  } finally {
    database.close();
  }
}

describe('webex-token completion', () => {
  test('offers the same words in PowerShell', async () => {
    const here = await stocked();
    const { stdout } = await here.run(['completion', 'powershell']);
    expect(stdout).toContain('Register-ArgumentCompleter -Native -CommandName webex-token');
    expect(stdout).toContain("'client remove' = @{");
    const quotes = stdout.replace(/^#.*$/gm, '').match(/'/g) ?? [];
    expect(quotes.length % 2).toBe(0);
    // There is no PowerShell to run it. It filters what it offers by the format of names.
    expect(stdout).toContain(String.raw`Where-Object { $_ -cmatch '^[a-z0-9][a-z0-9._-]*\z' }`);
    expect(stdout).not.toContain('-like "$wordToComplete');
  });

  test('offers no names and reports no error without a store', async () => {
    const here = await machine();
    expect(await here.run(['completion', '--profiles'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await here.run(['completion'])).toMatchObject({ code: 2 });
  });
});
