import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { clientOf, profileWithToken, served } from '../support/api-server.ts';
import { forFile } from '../support/for-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = join(import.meta.dirname, 'clients');

interface Client {
  name: string;
  /** The command before the program's path. */
  command: string[];
  program: string;
  /** The command before a file to make and the program's path, where the file is run instead: compiled once for all modes. */
  compiler?: string[];
  /** Modes on one line run in one process: some libraries take up to four tenths of a second to load. */
  modes: string[];
  /** A command that exits 0 if the language and its library are installed. */
  installed: string[];
  /** The Debian packages that bring them. */
  packages: string;
}

const debianPython = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

// Libraries of Python and Ruby are looked for, not loaded: that takes up to four tenths of a second.
const python = (program: string, modules: string, packages: string, modes = ['']): Client => ({
  name: `Python ${modules}`,
  // Debian's own, which sees Debian's packages, where another comes first on the search path.
  command: [debianPython],
  program: `python/${program}`,
  modes,
  installed: [
    debianPython,
    '-c',
    `from importlib.util import find_spec; exit(not all(map(find_spec, '${modules}'.split(', '))))`,
  ],
  packages,
});
const perl = (program: string, module: string, packages: string, modes = ['']): Client => ({
  name: `Perl ${module}`,
  command: ['perl'],
  program: `perl/${program}`,
  modes,
  installed: ['perl', `-M${module}`, '-e1'],
  packages,
});
const ruby = (program: string, library: string, packages: string, modes = ['']): Client => ({
  name: `Ruby ${library}`,
  command: ['ruby', '-W0'],
  program: `ruby/${program}`,
  modes,
  installed: ['ruby', '-e', `exit Gem.find_files('${library}.rb').any?`],
  packages,
});

/** Some take a second to print their version. */
const onPath = (program: string) => ['sh', '-c', `command -v ${program}`];

const clients: Client[] = [
  {
    name: 'curl',
    command: ['sh'],
    program: 'shell/curl.sh',
    modes: ['basic', 'body', 'anyauth', 'http1.0', 'chunked', 'expect', 'compressed'],
    installed: onPath('curl'),
    packages: 'curl',
  },
  {
    name: 'wget',
    command: ['sh'],
    program: 'shell/wget.sh',
    modes: ['body', 'no-challenge', 'challenge'],
    installed: onPath('wget'),
    packages: 'wget',
  },
  {
    name: 'HTTPie',
    command: ['sh'],
    program: 'shell/httpie.sh',
    modes: ['basic', 'body'],
    installed: onPath('http'),
    packages: 'httpie',
  },
  python('urllib_challenge.py', 'urllib.request', 'python3'),
  python('requests_oauthlib_client.py', 'requests_oauthlib', 'python3-requests-oauthlib', [
    'default basic body',
  ]),
  python('authlib_client.py', 'authlib, httpx', 'python3-authlib python3-httpx', [
    'requests:basic requests:post httpx:basic httpx:async introspect metadata',
  ]),
  python('msal_client.py', 'msal', 'python3-msal', ['secret']),
  python('oauth2client_client.py', 'aiohttp_oauthlib', 'python3-aiohttp-oauthlib'),
  perl('lwp_challenge.pl', 'LWP::UserAgent', 'libwww-perl'),
  perl('net_oauth2.pl', 'Net::OAuth2', 'libnet-oauth2-perl', ['body', 'header']),
  perl('lwp_authen_oauth2.pl', 'LWP::Authen::OAuth2', 'liblwp-authen-oauth2-perl'),
  perl('oauth_lite2.pl', 'OAuth::Lite2', 'liboauth-lite2-perl'),
  {
    name: 'PHP',
    command: ['php'],
    program: 'php/curl.php',
    modes: ['curl', 'stream', 'stream10'],
    installed: ['php', '-r', 'exit(function_exists("curl_init") ? 0 : 1);'],
    packages: 'php-cli php-curl',
  },
  ruby('oauth2.rb', 'oauth2', 'ruby-oauth2', ['default basic_auth request_body']),
  ruby('rack_oauth2.rb', 'rack/oauth2', 'ruby-rack-oauth2', ['basic body']),
  ruby('signet.rb', 'signet/oauth_2/client', 'ruby-signet'),
  {
    name: 'Tcl',
    command: ['tclsh'],
    program: 'tcl/client.tcl',
    modes: [''],
    installed: ['sh', '-c', 'echo "package require http; package require json; package require tls" | tclsh'],
    packages: 'tcl tcllib tcl-tls',
  },
  {
    name: 'Erlang httpc',
    command: ['escript'],
    program: 'erlang/client.escript',
    modes: [''],
    installed: onPath('escript'),
    packages: 'erlang-base erlang-inets erlang-ssl',
  },
  {
    name: 'Elixir',
    command: ['elixir'],
    program: 'elixir/client.exs',
    modes: [''],
    installed: onPath('elixir'),
    packages: 'elixir',
  },
  {
    name: 'Go x/oauth2',
    command: [],
    program: 'go/clientcredentials.go',
    compiler: ['go', 'build', '-o'],
    modes: ['auto', 'header', 'params'],
    installed: ['sh', '-c', 'command -v go && test -d /usr/share/gocode/src/golang.org/x/oauth2'],
    packages: 'golang-go golang-golang-x-oauth2-dev',
  },
];

function isInstalled([command = '', ...args]: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const env = {
  ...process.env,
  // Erlang finds no file in a folder with letters that the locale lacks.
  LC_ALL: 'C.UTF-8',
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOFLAGS: '',
  NO_PROXY: '127.0.0.1',
};

/** The command of a client, before its arguments. */
async function startOf({ command, program, compiler }: Client): Promise<string[]> {
  const source = join(folder, program);
  if (compiler === undefined) return [...command, source];
  const [file = '', ...options] = compiler;
  const compiled = join(temporaryFolder(), 'client');
  await promisify(execFile)(file, [...options, compiled, source], { env });
  return [...command, compiled];
}

describe.each(clients)('$name', (client) => {
  const { modes, installed, packages } = client;
  const skipped = isInstalled(installed) ? '' : `: skipped, install ${packages}`;
  const start = forFile(() => (skipped === '' ? startOf(client) : Promise.resolve([])));
  it.skipIf(skipped !== '').each(modes)(`gets the token (%s)${skipped}`, async (mode) => {
    const api = await served();
    // Libraries compare times with the real clock.
    api.vault.setNow(Date.now());
    const token = await profileWithToken(api.vault, 'acme');
    const secret = await clientOf(api.vault, 'ci', ['acme']);
    const [file = '', ...options] = start();
    const each = mode.split(' ');
    const args = [
      ...options,
      `${api.origin}/oauth/token`,
      'ci',
      secret,
      ...each.filter((name) => name !== ''),
    ];
    const { stdout } = await promisify(execFile)(file, args, { env });
    // The mode "metadata" checks the server's metadata, and fetches nothing.
    expect(stdout.trim().split('\n')).toEqual(each.map((name) => (name === 'metadata' ? 'valid' : token)));
  });
});
