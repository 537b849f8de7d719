import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { changeTagsAndContact } from '../../src/vault/profiles/tags-and-contact.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { program } from '../support/cli/cli-process.ts';
import { startInHost } from '../support/cli/command-hosts.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { shellLines } from '../support/docs/examples.ts';
import { type ProvisioningMachine, provisioningMachine } from '../support/provisioning/provisioning-cli.ts';
import { actor, noKeychain } from '../support/vault/test-vault.ts';

/** The examples that are not run here, and why. */
const notRun: [RegExp, string][] = [
  [
    /^npm |^openssl |^install |^useradd |^cp deploy|^systemctl |^sudo |^ssh /,
    'changes the machine, or takes long',
  ],
  [/^podman /, 'needs a container engine'],
  [/^kubectl (?!create secret generic webex-acme)|^issuer=\$\(kubectl/, 'needs a cluster'],
  [/^(export|HTTPS_PROXY|NO_PROXY|NODE_EXTRA|set -eu|umask|mv |echo )/, 'only the shell or other programs'],
  [/webex-token (serve|open)\b/, 'runs until it is stopped: test/cli/serve.test.ts'],
  [/webex-token login /, 'needs a browser: test/cli/login.test.ts'],
  [/webex-token (import acme|renew$|renew continue)/, 'asks a person: test/cli/login-paste.test.ts'],
  [/webex-token exec acme --watch/, 'runs until it is stopped: test/cli/exec-watch.test.ts'],
  [/webex-token copy /, 'needs a clipboard: test/cli/copy.test.ts'],
  [/webex-token schedule (install$|remove)/, 'changes the machine: test/cli/schedule.test.ts'],
  [/webex-token store copy /, 'needs PostgreSQL: test/postgres/copy.test.ts'],
  [/webex-token key (add|request|remove|rotate --to)/, 'needs a keychain or two hosts: test/cli/key.test.ts'],
  [/webex-token push .* --via relay/, 'needs a public address: test/provisioning'],
  [/--app (11111111|0oa1example)/, 'names an application that only exists in the example'],
  [/token (activate|remove) acme 0b9fd7a3/, 'names a token that only exists in the example'],
  [/--key-file \/mnt/, 'needs a second key: test/vault/backup.test.ts'],
  [/completion (zsh|powershell)/, 'other shells: test/cli/completion.test.ts'],
  [/^curl /, 'needs a running server: test/interoperability'],
  [/WEBEX_TOKEN_PROFILE/, 'part of a hook: test/cli/renewal-hook.test.ts'],
];

/** Fakes of other programs: they read their input, and succeed. */
const others = ['aws', 'az', 'bao', 'docker', 'gh', 'kubectl', 'vault'];

/** Lines whose expected exit code is not 0. */
const exitCodes: [RegExp, number][] = [
  // No token of this machine expires that soon.
  [/renew start --within 31/, 1],
];

const all = shellLines();
const runnable = all.filter((line) => !notRun.some(([pattern]) => pattern.test(line)));
const missing = ['curl', 'jq'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const lines = runnable.filter((line) => !missing.some((name) => line.includes(`${name} `)));

/** A folder for one line, with a copy of the store and the files that the examples name. */
function workspace(here: ProvisioningMachine, number: number): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = join(here.environment.HOME ?? '', `line-${number}`);
  const home = join(folder, 'home');
  mkdirSync(folder);
  cpSync(here.home, home, { recursive: true });
  chmodSync(home, 0o700);
  mkdirSync(join(folder, '.config/fish/completions'), { recursive: true });
  for (const script of ['sync.sh', 'sync-users.sh']) {
    writeFileSync(join(folder, script), '#!/bin/sh\ntest -n "$WEBEX_ACCESS_TOKEN"\n', { mode: 0o755 });
  }
  writeFileSync(join(folder, 'customers.csv'), 'profile,tags\nnew-one,emea\n');
  writeFileSync(join(folder, 'ci.jwks.json'), JSON.stringify({ keys: [publicKey] }));
  const values = {
    HOME: folder,
    WEBEX_TOKEN_HOME: home,
    // The variables that the text around the examples tells the reader to set.
    TENANT_URL: `${here.environment.WEBEX_TOKEN_SCIM_URL}/${here.token.account.organization.id}`,
    issuer: 'https://kubernetes.default.svc.cluster.local',
  };
  return { folder, env: { ...here.environment, ...values } };
}

const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });

/** A command that contains only words that every shell passes on unchanged. */
const plain = /^webex-token(?: +(?:[\w.,:/=@+-]+|'[^']*'|"[^"$`\\!]*"))+$/;

async function run(line: string, { folder, env }: { folder: string; env: NodeJS.ProcessEnv }) {
  const local = line
    .replaceAll('/mnt/safe', '.')
    .replaceAll('/var/backups', '.')
    .replaceAll('https://webexapis.com/v1', String(env.WEBEX_TOKEN_API_URL))
    // A date that has passed would be refused.
    .replaceAll(/(?<=--expires )\d{4}(?=-)/g, String(new Date().getUTCFullYear() + 1));
  if (plain.test(local)) {
    const [, ...args] = [...local.matchAll(/'([^']*)'|"([^"]*)"|([^ ]+)/g)].map(
      ([, single, double, bare]) => single ?? double ?? bare ?? '',
    );
    const request = { args, environment: env, input: '', cwd: folder };
    const { code, stdout, stderr } = await startInHost(program, request).finished;
    return { code, output: `${stdout}${stderr}` };
  }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', local], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { code, output: `${stdout}${stderr}` };
}

/** A machine on which every example in the documents works. */
async function preparedMachine(): Promise<ProvisioningMachine> {
  const here = await provisioningMachine();
  const bin = join(here.environment.HOME ?? '', 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'webex-token'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  for (const name of others) writeFileSync(join(bin, name), '#!/bin/sh\ncat > /dev/null\n', { mode: 0o755 });
  here.environment.PATH = `${bin}${delimiter}${here.environment.PATH}`;
  await storeTokenOn(here, here.simulator.issueToken('full-admin').accessToken, {
    profile: 'agency',
  });
  const vault = await openVault(readSettings(here.environment), { keychain: noKeychain });
  await changeTagsAndContact(vault, ['acme'], { addTags: ['emea'] }, actor);
  await addClient(vault, { name: 'ci', profiles: ['acme'] }, actor);
  await closeVault(vault);
  return here;
}

const without = missing.length === 0 ? '' : ` (without ${missing.join(' and ')}, which are not installed)`;

describe.skipIf(process.platform === 'win32')('a line of shell in the documents', () => {
  it(`runs as it is written${without}`, async () => {
    const here = await preparedMachine();
    const failed: string[] = [];
    let number = 0;
    for (const line of lines) {
      number += 1;
      const place = workspace(here, number);
      for (const before of preparations(line)) await run(before, place);
      const { code, output } = await run(line, place);
      const expected = exitCodes.find(([pattern]) => pattern.test(line))?.[1] ?? 0;
      if (code !== expected) failed.push(`${line}\n  exit code ${code}: ${output.slice(0, 600)}`);
    }
    expect(failed.join('\n')).toBe('');
  });

  it('is run, or still has a reason not to be', () => {
    expect(runnable.length).toBeGreaterThan(50);
    const unused = notRun.filter(([pattern]) => !all.some((line) => pattern.test(line)));
    expect(unused).toEqual([]);
  });
});

/** The steps that a reader has done before. */
function preparations(line: string): string[] {
  if (/client add ci\b/.test(line)) return ['webex-token client remove ci --yes'];
  if (/renew (status|skip|finish)/.test(line)) return ['webex-token renew start --within 400'];
  if (/ restore /.test(line)) return [`webex-token backup ${/\S+$/.exec(line)?.[0]}`];
  return [];
}
