import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { startBackgroundJobs } from '../background/background-jobs.ts';
import { chooseBrowser } from '../cli/sign-in/browser.ts';
import { linkTo } from '../cli/sign-in/links.ts';
import { openWebApp } from '../cli/sign-in/open-web-app.ts';
import { createLog } from '../cli/terminal/log.ts';
import { waitForShutdown } from '../cli/terminal/shutdown.ts';
import { note, reportError } from '../cli/terminal/terminal.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { rememberCaller } from '../process/caller.ts';
import { packageRoot } from '../program-files.ts';
import { startProvisioningJobs } from '../server/provisioning-jobs.ts';
import { startWebServer } from '../server/web-server.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { powershellString, shellString } from '../text/quoting.ts';
import { saveChannelSettings } from '../vault/reminders/channel-settings.ts';
import { createAccessLink } from '../vault/sign-in/access-links.ts';
import { closeVault, openVault } from '../vault/vault.ts';
import { startMailbox } from './mailbox.ts';
import { provisionThroughRelay, relayedProfile } from './relay-provisioning.ts';
import { type DemoClock, seedDemonstration } from './seed.ts';

/*
 * `npm run demo`: the whole program with a simulated Webex, Entra ID and Okta, offline. Its data folder is created again each
 * time. It does not use your own settings, keychain and tokens.
 */
const home = join(packageRoot, '.demo');

async function demonstrate(options: DemoOptions): Promise<void> {
  const stopped = waitForShutdown();
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { mode: 0o700 });
  const clock: DemoClock = { behindMs: 0 };
  const simulator = await startSimulator({ now: () => Date.now() - clock.behindMs });
  const mailbox = await startMailbox(mailed);
  const postgres = options.postgres === true ? await startDatabase() : null;
  const settings = { ...demoSettings(simulator), databaseUrl: postgres?.databaseUrl ?? null };
  const mail = {
    smtpUrl: mailbox.smtpUrl,
    from: 'webex-token@demonstration.example',
    to: ['it@demonstration.example'],
  };
  const vault = await openVault(settings);
  try {
    await seedDemonstration(settings, { simulator, clock }, mail);
    await saveChannelSettings(vault, 'mail', mail, { user: 'demonstration' });
    // The demonstration must not show notifications on the user's desktop.
    await saveChannelSettings(vault, 'desktop', { enabled: false }, { user: 'demonstration' });
    const log = createLog('warn');
    const server = await startWebServer(vault, log, { demonstration: true });
    const watch = startBackgroundJobs(vault, { log, ...startProvisioningJobs(vault, log) });
    try {
      writeEnvironment(settings);
      note(
        postgres === null
          ? 'The store is SQLite, in the folder .demo.'
          : 'The store is PostgreSQL, started for this demonstration.',
      );
      note(
        'A demonstration: Webex, Entra ID and Okta are simulated, the organizations and people are made up, nothing leaves this machine.\n',
      );
      await openWebApp(
        linkTo(`/access/${await createAccessLink(vault)}`, server),
        await chooseBrowser(options.open),
      );
      note(
        '\nAdd the organization "acme", sign in as anyone, then try in another terminal, in this folder:\n',
      );
      note(
        '  . .demo/env          (PowerShell: . .demo/env.ps1)\n  npx webex-token list\n  npx webex-token get acme\n  npx webex-token push entra acme\n',
      );
      note(
        `Renew the token of "${relayedProfile}": its next cycle uses the new one, with nothing to do in Entra ID.\n`,
      );
      const end = new AbortController();
      const cycles = provisionThroughRelay(vault, simulator, note, end.signal);
      await Promise.race([stopped, cycles]);
      end.abort();
      await cycles;
    } finally {
      await Promise.all([server.close(), watch.close()]);
    }
  } finally {
    await closeVault(vault);
    await postgres?.stop();
    await mailbox.close();
    await simulator.close();
  }
}

/** The same with its own PostgreSQL server. */
async function startDatabase(): Promise<{ databaseUrl: string; stop(): Promise<void> }> {
  const { startPostgres } = await import('./postgres-server.ts');
  const server = await startPostgres();
  await server.createDatabase('webex_token');
  return { databaseUrl: `${server.url}webex_token`, stop: () => server.stop() };
}

/** The reminders of earlier days are sent at the start, so that the demonstration has a history. */
function mailed(subject: string): void {
  note(`The simulated mail server took: ${subject}`);
}

function demoSettings(simulator: Simulator): Settings {
  const { port } = readSettings({ WEBEX_TOKEN_PORT: process.env.WEBEX_TOKEN_PORT });
  const documented = readSettings({});
  return {
    ...documented,
    port,
    home,
    // A file instead of the user's own keychain.
    keyFile: join(home, 'key.jwk'),
    passphrase: null,
    webex: simulator.endpoints,
    ...simulatedTools(simulator),
  };
}

/** Entra ID, where a person signs in with a device code, and Okta. */
function simulatedTools({ entra, okta }: Simulator): Pick<Settings, 'entra' | 'okta'> {
  entra.settings.deviceApproval = 'page';
  return {
    entra: {
      graphUrl: entra.endpoints.graph,
      loginUrl: entra.endpoints.login,
      tenantId: entra.directory.tenantId,
      clientId: null,
      clientSecret: null,
      clientCertificatePath: null,
    },
    okta: { orgUrl: okta.orgUrl, token: okta.apiToken, clientId: null, privateKey: null, keyId: null },
  };
}

/** The settings for commands in another terminal, which use the same data folder and the same simulated Webex. */
function writeEnvironment({ port, databaseUrl, webex, entra, okta }: Settings): void {
  const variables = {
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_PORT: String(port),
    WEBEX_TOKEN_DATABASE_URL: databaseUrl ?? '',
    WEBEX_TOKEN_IDBROKER_URL: webex.commercial.idbroker,
    WEBEX_TOKEN_IDBROKER_F_URL: webex.government.idbroker,
    WEBEX_TOKEN_API_URL: webex.commercial.api,
    WEBEX_TOKEN_API_F_URL: webex.government.api,
    WEBEX_TOKEN_SCIM_URL: webex.commercial.scim,
    WEBEX_TOKEN_SCIM_F_URL: webex.government.scim,
    WEBEX_TOKEN_GRAPH_URL: entra.graphUrl ?? '',
    WEBEX_TOKEN_ENTRA_LOGIN_URL: entra.loginUrl ?? '',
    AZURE_TENANT_ID: entra.tenantId ?? '',
    OKTA_CLIENT_ORGURL: okta.orgUrl ?? '',
    OKTA_CLIENT_TOKEN: okta.token ?? '',
  };
  const lines = (line: (name: string, value: string) => string) =>
    Object.entries(variables)
      .map(([name, value]) => `${line(name, value)}\n`)
      .join('');
  writeFileSync(
    join(home, 'env'),
    lines((name, value) => `export ${name}=${shellString(value)}`),
  );
  writeFileSync(
    join(home, 'env.ps1'),
    lines((name, value) => `$env:${name} = ${powershellString(value)}`),
  );
}

interface DemoOptions {
  open: boolean;
  postgres?: boolean;
}

rememberCaller({ umask: process.umask(0o077), environment: process.env });
const program = new Command('npm run demo --')
  .description(
    'Run everything on a simulated Webex, Entra ID and Okta, offline. Nothing of yours is touched.',
  )
  .option('--postgres', 'use a PostgreSQL database, started for the demonstration, instead of SQLite')
  .option('--no-open', "don't open a browser")
  .helpOption('-h, --help', 'show help')
  .addHelpText('after', '\nExample:\n  npm run demo -- --postgres')
  .action(demonstrate);
try {
  await program.parseAsync();
} catch (error) {
  reportError(error);
  process.exitCode = 1;
}
