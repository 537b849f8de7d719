import { minPassphraseLength } from '../crypto/passphrase.ts';
import { defaultReminderDays } from '../domain/reminder-triggers.ts';
import { defaultHome, environmentWithDotEnv } from '../environment/environment.ts';
import { isSecretVariable } from '../environment/secret-variables.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { assertTrustedProgram } from '../files/trusted-program.ts';
import { isLoopback } from '../http/secure-url.ts';
import { isPostgresUrl, parsePostgresUrl, postgresUrlExample } from '../store/postgres/url.ts';
import { type Deployment, publishedEndpoints, type WebexEndpoints } from '../webex/deployments.ts';
import { documentedClientId, documentedScopes } from '../webex/documented-values.ts';
import { accepting, anyText, matching } from './accepted-text.ts';
import { oktaOrgUrl } from './okta-org-url.ts';
import { type ReminderSettings, reminderVariables, validateReminders } from './reminder-settings.ts';

/** The validated settings. `.env.example` describes each variable. */
export interface Settings {
  port: number;
  /** The data folder: the database, the key file and the instance file of the web app. */
  home: string;
  /** The address of a PostgreSQL database, including its password; null: SQLite in the data folder. */
  databaseUrl: string | null;
  keyFile: string | null;
  passphrase: string | null;
  /** The new passphrase, for `key rotate --to passphrase` and `key add --passphrase`. */
  newPassphrase: string | null;
  /** An additional passphrase that can decrypt backups. */
  backupPassphrase: string | null;
  clientId: string;
  scopes: string[];
  webex: Record<Deployment, WebexEndpoints>;
  /** The token API's address as its clients see it (RFC 8414 issuer); null: the address it listens on. */
  issuer: string | null;
  entra: EntraSettings;
  okta: OktaSettings;
  reminders: ReminderSettings;
  /** The program that runs after a profile got a new current token: an absolute path. */
  renewalHook: string | null;
}

/** How to reach and sign in to Microsoft Graph. A null value is derived from the profile's cloud, or prompted for. */
export interface EntraSettings {
  graphUrl: string | null;
  loginUrl: string | null;
  tenantId: string | null;
  clientId: string | null;
  clientSecret: string | null;
  /** A PEM file with the certificate and its private key. */
  clientCertificatePath: string | null;
}

/** How to reach and sign in to Okta: with an API token, or as a service app with a private key. */
export interface OktaSettings {
  orgUrl: string | null;
  token: string | null;
  clientId: string | null;
  /** A JWK as JSON, or PEM. */
  privateKey: string | null;
  keyId: string | null;
}

/** The redirect URI. It is registered at Webex with port 3000; other ports are for tests. */
export function redirectUri(settings: Pick<Settings, 'port'>): string {
  return `${appOrigin(settings)}/auth/code`;
}

/** The address of the web app, without a path. */
export function appOrigin(settings: Pick<Settings, 'port'>): string {
  return `http://localhost:${settings.port}`;
}

interface Variable {
  /**
   * Returns the value of a valid text, or undefined. This is a function rather than a schema because every command reads the
   * settings, and loading zod takes as long as many commands run.
   */
  parse: (text: string) => unknown;
  /** The parser that the code using the value calls. Throws a `BrokerError` that states the problem without the value. */
  check?: (value: string) => unknown;
  /** The expected value, for the error message. */
  expected: string;
  example: string;
}

const someUuid = '00000000-0000-0000-0000-000000000000';

function url(example: string): Variable {
  return {
    parse: accepting(isSafeUrl),
    expected: 'an https address (plain http only to this machine) without a trailing slash',
    example,
  };
}

const passphrase: Variable = {
  parse: accepting((text) => text.length >= minPassphraseLength),
  expected: `a passphrase of at least ${minPassphraseLength} characters`,
  example: 'six words that no one can guess',
};

const variables = {
  WEBEX_TOKEN_PORT: {
    parse: port,
    expected: 'a port number from 1 to 65535',
    example: '3000',
  },
  WEBEX_TOKEN_HOME: { parse: anyText, expected: 'a folder', example: '/var/lib/webex-token' },
  WEBEX_TOKEN_DATABASE_URL: {
    parse: accepting(isPostgresUrl),
    check: parsePostgresUrl,
    expected: 'the address of a PostgreSQL database',
    example: postgresUrlExample,
  },
  WEBEX_TOKEN_KEY_FILE: { parse: anyText, expected: 'a file', example: '/etc/webex-token/key.jwk' },
  WEBEX_TOKEN_PASSPHRASE: passphrase,
  WEBEX_TOKEN_NEW_PASSPHRASE: passphrase,
  WEBEX_TOKEN_BACKUP_PASSPHRASE: passphrase,
  WEBEX_TOKEN_CLIENT_ID: {
    parse: matching(/^[A-Za-z0-9._-]+$/),
    expected: 'an OAuth client ID',
    example: documentedClientId,
  },
  WEBEX_TOKEN_SCOPES: {
    // RFC 6749 §3.3: scope-token, separated by single spaces.
    parse: matching(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/),
    expected: 'scopes separated by single spaces',
    example: documentedScopes.join(' '),
  },
  WEBEX_TOKEN_IDBROKER_URL: url(publishedEndpoints.commercial.idbroker),
  WEBEX_TOKEN_IDBROKER_F_URL: url(publishedEndpoints.government.idbroker),
  WEBEX_TOKEN_API_URL: url(publishedEndpoints.commercial.api),
  WEBEX_TOKEN_API_F_URL: url(publishedEndpoints.government.api),
  WEBEX_TOKEN_SCIM_URL: url(publishedEndpoints.commercial.scim),
  WEBEX_TOKEN_SCIM_F_URL: url(publishedEndpoints.government.scim),
  WEBEX_TOKEN_ISSUER: url('https://tokens.example.com'),
  ...reminderVariables,
  WEBEX_TOKEN_RENEWAL_HOOK: {
    parse: anyText,
    check: assertTrustedProgram,
    expected: 'the path of a program',
    example: '/etc/webex-token/after-renewal',
  },
  WEBEX_TOKEN_GRAPH_URL: url('https://graph.microsoft.com'),
  WEBEX_TOKEN_ENTRA_LOGIN_URL: url('https://login.microsoftonline.com'),
  AZURE_TENANT_ID: {
    // A GUID or a domain name. It is used in a URL.
    parse: matching(/^[A-Za-z0-9][A-Za-z0-9.-]*$/),
    expected: 'the ID or a domain name of an Entra ID tenant',
    example: 'acme.onmicrosoft.com',
  },
  AZURE_CLIENT_ID: { parse: anyText, expected: 'an application ID', example: someUuid },
  AZURE_CLIENT_SECRET: { parse: anyText, expected: 'a client secret', example: '…' },
  AZURE_CLIENT_CERTIFICATE_PATH: {
    parse: anyText,
    expected: 'a PEM file',
    example: '/etc/webex-token/entra.pem',
  },
  OKTA_CLIENT_ORGURL: {
    // People copy it from the Admin Console, which has a different address.
    parse: (text) => accepting(isSafeUrl)(oktaOrgUrl(text) ?? ''),
    expected: 'the https address of your Okta organization',
    example: 'https://acme.okta.com',
  },
  OKTA_CLIENT_TOKEN: {
    parse: matching(/^[\x21-\x7e]+$/),
    expected: 'an Okta API token',
    example: '…',
  },
  OKTA_CLIENT_CLIENTID: { parse: anyText, expected: 'a client ID', example: '0oa1example' },
  OKTA_CLIENT_PRIVATEKEY: { parse: anyText, expected: 'a private key', example: '…' },
  OKTA_CLIENT_KEYID: { parse: anyText, expected: 'a key ID', example: 'webex-token-2027' },
} satisfies Record<string, Variable>;

type VariableName = keyof typeof variables;

/** The names of all variables. */
export const settingVariables: readonly string[] = Object.keys(variables);

/**
 * Reads the settings from the environment and, for variables that are not set, from `.env` next to package.json. Throws
 * `E_SETTING`: one line with the variable, the problem and an example.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const given = environmentWithDotEnv(environment);
  const read = <T>(name: VariableName): T | null => {
    const value = given[name];
    if (value === undefined || value === '') return null;
    const { parse, check, expected, example }: Variable = variables[name];
    const parsed = parse(value);
    const isValid = parsed !== undefined;
    // An address may contain a password.
    const shown =
      isSecretVariable(name) || value.includes('@') ? 'its value' : JSON.stringify(value.slice(0, 100));
    const wrong = isValid ? reasonAgainst(value, check) : `${shown} is not ${expected}`;
    if (isValid && wrong === null) return parsed as T;
    throw new BrokerError(
      'E_SETTING',
      `${name}: ${wrong}, for example ${name}=${/ /.test(example) ? `"${example}"` : example}`,
    );
  };
  const endpoints = (deployment: Deployment, suffix: '' | '_F'): WebexEndpoints => ({
    idbroker: read(`WEBEX_TOKEN_IDBROKER${suffix}_URL`) ?? publishedEndpoints[deployment].idbroker,
    api: read(`WEBEX_TOKEN_API${suffix}_URL`) ?? publishedEndpoints[deployment].api,
    scim: read(`WEBEX_TOKEN_SCIM${suffix}_URL`) ?? publishedEndpoints[deployment].scim,
  });
  return {
    port: read<number>('WEBEX_TOKEN_PORT') ?? 3000,
    home: read<string>('WEBEX_TOKEN_HOME') ?? defaultHome(),
    databaseUrl: read('WEBEX_TOKEN_DATABASE_URL'),
    keyFile: read('WEBEX_TOKEN_KEY_FILE'),
    passphrase: read('WEBEX_TOKEN_PASSPHRASE'),
    newPassphrase: read('WEBEX_TOKEN_NEW_PASSPHRASE'),
    backupPassphrase: read('WEBEX_TOKEN_BACKUP_PASSPHRASE'),
    clientId: read('WEBEX_TOKEN_CLIENT_ID') ?? documentedClientId,
    scopes: read<string>('WEBEX_TOKEN_SCOPES')?.split(' ') ?? [...documentedScopes],
    webex: { commercial: endpoints('commercial', ''), government: endpoints('government', '_F') },
    issuer: read('WEBEX_TOKEN_ISSUER'),
    entra: {
      graphUrl: read('WEBEX_TOKEN_GRAPH_URL'),
      loginUrl: read('WEBEX_TOKEN_ENTRA_LOGIN_URL'),
      tenantId: read('AZURE_TENANT_ID'),
      clientId: read('AZURE_CLIENT_ID'),
      clientSecret: read('AZURE_CLIENT_SECRET'),
      clientCertificatePath: read('AZURE_CLIENT_CERTIFICATE_PATH'),
    },
    okta: {
      orgUrl: read('OKTA_CLIENT_ORGURL'),
      token: read('OKTA_CLIENT_TOKEN'),
      clientId: read('OKTA_CLIENT_CLIENTID'),
      privateKey: read('OKTA_CLIENT_PRIVATEKEY'),
      keyId: read('OKTA_CLIENT_KEYID'),
    },
    reminders: validateReminders({
      smtpUrl: read('WEBEX_TOKEN_SMTP_URL'),
      mailFrom: read('WEBEX_TOKEN_MAIL_FROM'),
      mailTo: read('WEBEX_TOKEN_MAIL_TO') ?? [],
      webhookUrl: read('WEBEX_TOKEN_WEBHOOK_URL'),
      webhookSecret: read('WEBEX_TOKEN_WEBHOOK_SECRET'),
      days: read('WEBEX_TOKEN_REMINDER_DAYS') ?? defaultReminderDays,
    }),
    renewalHook: read('WEBEX_TOKEN_RENEWAL_HOOK'),
  };
}

/** The reason why a value's own parser rejects it; null if the parser accepts it. */
function reasonAgainst(value: string, check: Variable['check']): string | null {
  try {
    check?.(value);
    return null;
  } catch (error) {
    if (error instanceof BrokerError) return error.message.replace(/\.$/, '');
    throw error;
  }
}

function port(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 65535 ? number : undefined;
}

function isSafeUrl(value: string): boolean {
  // A path is appended to it. Anything that the URL parser would silently drop is an error.
  if (!URL.canParse(value) || value.endsWith('/') || /[\s?#]/.test(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
