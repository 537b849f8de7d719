import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Machine, machine, program } from './run.ts';

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

function run(shell: string, script: string, environment: NodeJS.ProcessEnv): string[] {
  const output = execFileSync(shell, ['-c', script], { encoding: 'utf8', env: environment });
  return output
    .split(/\s+/)
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

test.runIf(has('bash'))('bash completes commands, options, values and names', async () => {
  const here = await stocked();
  const file = await here.script('bash');
  for (const [line, offered] of lines) {
    const script = `source '${file}'; COMP_WORDS=(${wordsOf(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _webex_token; echo "\${COMPREPLY[@]}"`;
    expect(run('bash', script, here.environment), line).toEqual(offered);
  }
});

test.runIf(has('zsh'))('zsh completes commands, options, values and names', async () => {
  const here = await stocked();
  const file = await here.script('zsh');
  // Stands in for zsh's own completion functions, which work in its line editor only.
  const editor = `
    offer() { local each; for each in "$@"; do [[ "$each" == "\${words[CURRENT]}"* ]] && echo "$each"; done }
    compdef() { : }; _files() { : }
    _describe() { local list=("\${(@P)2}"); offer "\${(@)list%%:*}" }
    compadd() { [[ "$1" == -a ]] && offer "\${(@P)2}" || { shift; offer "$@" } }`;
  for (const [line, offered] of lines) {
    const script = `${editor}; source '${file}'; words=(${wordsOf(line)}); CURRENT=\${#words}; _webex_token; true`;
    expect(run('zsh', script, here.environment), line).toEqual(offered);
  }
});

test.runIf(has('fish'))('fish completes commands, options, values and names', async () => {
  const here = await stocked();
  const file = await here.script('fish');
  for (const [line, offered] of lines) {
    const script = `source '${file}'; complete -C '${line}' | cut -f1`;
    expect(run('fish', script, here.environment), line).toEqual(offered);
  }
});

test('PowerShell gets a script with the same words', async () => {
  const here = await stocked();
  const { stdout } = await here.run(['completion', 'powershell']);
  expect(stdout).toContain('Register-ArgumentCompleter -Native -CommandName webex-token');
  expect(stdout).toContain("'client remove' = @{");
  const quotes = stdout.replace(/^#.*$/gm, '').match(/'/g) ?? [];
  expect(quotes.length % 2).toBe(0);
});

test('no store, no names, and no fault', async () => {
  const here = await machine();
  expect(await here.run(['completion', '--profiles'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await here.run(['completion'])).toMatchObject({ code: 2 });
});
