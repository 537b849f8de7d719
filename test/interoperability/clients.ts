import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** An OAuth client in another language. `source` is its program's path, `folder` an empty one for what is built of it. */
export interface Client {
  name: string;
  program: string;
  /** Compiles the program, once for all modes. */
  compile?(source: string, folder: string): string[];
  /** The command that runs it, before its arguments. */
  command(source: string, folder: string): string[];
  /** Modes on one line run in one process: some libraries take up to four tenths of a second to load. */
  modes: string[];
  /** A command that exits 0 if the language and all that the program uses are installed. */
  installed: string[];
  /** The Debian packages that bring them. */
  packages: string;
}

const sh = (script: string) => ['sh', '-c', script];
/** Some programs take a second to print their version. */
const onPath = (program: string) => sh(`command -v ${program}`);

// Debian's own programs, which see Debian's packages, where others come first on the search path.
const python3 = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const cargo = '/usr/bin/cargo';
const compiled = (_source: string, folder: string) => [`${folder}/client`];

// Libraries of Python and Ruby are looked for, not loaded: that takes up to four tenths of a second.
const python = (program: string, modules: string, packages: string, modes = ['']): Client => ({
  name: `Python ${modules}`,
  program: `python/${program}`,
  command: (source) => [python3, source],
  modes,
  installed: [
    python3,
    '-c',
    `from importlib.util import find_spec; exit(not all(map(find_spec, '${modules}'.split(', '))))`,
  ],
  packages,
});
const perl = (program: string, module: string, packages: string, modes = ['']): Client => ({
  name: `Perl ${module}`,
  program: `perl/${program}`,
  command: (source) => ['perl', source],
  modes,
  installed: ['perl', `-M${module}`, '-e1'],
  packages,
});
const ruby = (program: string, library: string, packages: string, modes = ['']): Client => ({
  name: `Ruby ${library}`,
  program: `ruby/${program}`,
  command: (source) => ['ruby', '-W0', source],
  modes,
  installed: ['ruby', '-e', `exit Gem.find_files('${library}.rb').any?`],
  packages,
});
const r = (program: string, libraries: string[], packages: string, modes: string[]): Client => ({
  name: `R ${libraries[0]}`,
  program: `r/${program}`,
  command: (source) => ['Rscript', source],
  modes,
  installed: ['Rscript', ...libraries.flatMap((name) => ['-e', `invisible(find.package("${name}"))`])],
  packages,
});
const shell = (
  name: string,
  program: string,
  installed: string[],
  packages: string,
  modes: string[],
): Client => ({
  name,
  program: `shell/${program}`,
  command: (source) => ['sh', source],
  modes,
  installed,
  packages,
});

const debianJars = ['google-oauth-client', 'google-http-client', 'google-http-client-gson', 'gson', 'guava']
  .concat(['opencensus-api', 'opencensus-contrib-http-util', 'grpc-context'])
  .map((jar) => `/usr/share/java/${jar}.jar`);
/** A Java runtime alone does not run a source file. */
const javaCompiler = 'java --list-modules | grep ^jdk.compiler@';
/** Debian does not install them with Erlang itself. */
const erlangLibraries = 'ls -d /usr/lib/erlang/lib/inets-* /usr/lib/erlang/lib/ssl-*';

export const clients: Client[] = [
  shell('curl', 'curl.sh', sh('curl --help all | grep -e --fail-with-body'), 'curl', [
    'basic',
    'body',
    'anyauth',
    'http1.0',
    'chunked',
    'expect',
    'compressed',
  ]),
  // BusyBox has a smaller one of the same name.
  shell('wget', 'wget.sh', sh('wget --version | grep "GNU Wget"'), 'wget', [
    'body',
    'no-challenge',
    'challenge',
  ]),
  shell('HTTPie', 'httpie.sh', onPath('http'), 'httpie', ['basic', 'body']),
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
    program: 'php/curl.php',
    command: (source) => ['php', source],
    modes: ['curl', 'stream', 'stream10'],
    installed: ['php', '-r', 'exit(function_exists("curl_init") ? 0 : 1);'],
    packages: 'php-cli php-curl',
  },
  ruby('oauth2.rb', 'oauth2', 'ruby-oauth2', ['default basic_auth request_body']),
  ruby('rack_oauth2.rb', 'rack/oauth2', 'ruby-rack-oauth2', ['basic body']),
  ruby('signet.rb', 'signet/oauth_2/client', 'ruby-signet'),
  {
    name: 'Tcl',
    program: 'tcl/client.tcl',
    command: (source) => ['tclsh', source],
    modes: [''],
    installed: sh('echo "exit [catch {package require http; package require base64}]" | tclsh'),
    packages: 'tcl tcllib',
  },
  {
    name: 'Lua http',
    program: 'lua/client.lua',
    command: (source) => ['lua5.2', source],
    modes: [''],
    installed: ['lua5.2', '-e', 'require "http.request"; require "basexx"'],
    packages: 'lua5.2 lua-http lua-basexx',
  },
  {
    name: 'Emacs url.el',
    program: 'emacs/client.el',
    command: (source) => ['emacs', '--batch', '-Q', '-l', source],
    modes: [''],
    installed: onPath('emacs'),
    packages: 'emacs-nox',
  },
  r('httr2_client.R', ['httr2'], 'r-cran-httr2', ['header body']),
  // Without httpuv it wants to ask a person, which this grant does not need.
  r('httr_client.R', ['httr', 'httpuv'], 'r-cran-httr r-cran-httpuv', ['basic body']),
  {
    name: 'Java',
    program: 'java/JdkClient.java',
    command: (source) => ['java', source],
    modes: [
      'http-client http-client-authenticator http-client-expect url-connection url-connection-authenticator url-connection-chunked',
    ],
    installed: sh(javaCompiler),
    packages: 'default-jdk-headless',
  },
  {
    name: 'Java google-oauth-client',
    program: 'java/GoogleClient.java',
    command: (source) => ['java', '-cp', debianJars.join(':'), source],
    modes: ['basic post'],
    installed: sh(`${javaCompiler} && ls ${debianJars.join(' ')}`),
    packages: 'default-jdk-headless libgoogle-oauth-client-java',
  },
  {
    name: 'C# on Mono',
    program: 'csharp/Client.cs',
    compile: (source, folder) => ['mcs', '-r:System.Net.Http', `-out:${folder}/client`, source],
    command: (_source, folder) => ['mono', `${folder}/client`],
    modes: [
      'httpclient httpclient-credentials webrequest webrequest-credentials webclient webclient-credentials',
    ],
    installed: sh('command -v mcs && command -v mono && ls /usr/lib/mono/4.5/System.Net.Http.dll'),
    packages: 'mono-mcs libmono-system-net-http4.0-cil',
  },
  {
    name: 'C libiddawc',
    program: 'c/iddawc.c',
    compile: (source, folder) => ['gcc', source, '-o', `${folder}/client`, '-liddawc'],
    command: compiled,
    modes: ['basic', 'post'],
    installed: sh('echo "#include <iddawc.h>" | gcc -E -'),
    packages: 'gcc libiddawc-dev',
  },
  {
    name: 'C++ REST SDK',
    program: 'cpp/cpprest.cpp',
    compile: (source, folder) => [
      ...['g++', source, '-o', `${folder}/client`],
      ...['-lcpprest', '-lboost_system', '-lssl', '-lcrypto'],
    ],
    command: compiled,
    modes: ['basic', 'post', 'credentials'],
    installed: sh('echo "#include <cpprest/http_client.h>" | g++ -x c++ -M -'),
    packages: 'g++ libcpprest-dev libboost-system-dev libssl-dev',
  },
  {
    name: 'Crystal',
    program: 'crystal/client.cr',
    compile: (source, folder) => [
      // It ends if it may not look into one of the folders on the search path.
      ...['env', 'PATH=/usr/bin:/bin', `CRYSTAL_CACHE_DIR=${folder}`],
      ...['crystal', 'build', source, '-o', `${folder}/client`],
    ],
    command: compiled,
    modes: ['basic body'],
    installed: ['ls', '/usr/bin/crystal'],
    packages: 'crystal zlib1g-dev',
  },
  {
    name: 'Haskell hoauth2',
    program: 'haskell/Client.hs',
    compile: (source, folder) => ['ghc', '-v0', '-outputdir', folder, source, '-o', `${folder}/client`],
    command: compiled,
    modes: ['basic post'],
    installed: ['ghc-pkg', 'latest', 'hoauth2'],
    packages: 'ghc libghc-hoauth2-dev',
  },
  {
    name: 'Rust oauth2',
    program: 'rust',
    // Cargo writes into the folder of a program, so it gets a copy. It takes half a minute for the libraries, which are kept.
    compile: (source, folder) => [
      'sh',
      '-c',
      'cp -R "$1/." "$2" && cd "$2" && CARGO_HOME="$2/home" CARGO_TARGET_DIR="$3" RUSTC=/usr/bin/rustc "$0" build --quiet --offline && cp "$3/debug/client" "$2"',
      ...[cargo, source, folder, join(import.meta.dirname, '../../node_modules/.cache/webex-token-cargo')],
    ],
    command: compiled,
    modes: ['basic body'],
    installed: sh(
      `command -v cc && ls ${cargo} /usr/bin/rustc /usr/share/cargo/registry/oauth2-4* /usr/share/cargo/registry/ureq-*`,
    ),
    packages: 'cargo librust-oauth2-dev',
  },
  {
    name: 'Erlang httpc',
    program: 'erlang/client.escript',
    command: (source) => ['escript', source],
    modes: [''],
    installed: sh(`command -v escript && ${erlangLibraries}`),
    packages: 'erlang-base erlang-inets erlang-ssl',
  },
  {
    name: 'Elixir',
    program: 'elixir/client.exs',
    command: (source) => ['elixir', source],
    modes: [''],
    installed: sh(`command -v elixir && ${erlangLibraries}`),
    packages: 'elixir erlang-inets erlang-ssl',
  },
  {
    name: 'Go x/oauth2',
    program: 'go/clientcredentials.go',
    compile: (source, folder) => ['go', 'build', '-o', `${folder}/client`, source],
    command: compiled,
    modes: ['auto', 'header', 'params'],
    installed: sh('command -v go && test -d /usr/share/gocode/src/golang.org/x/oauth2'),
    packages: 'golang-go golang-golang-x-oauth2-dev',
  },
];
