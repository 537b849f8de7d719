import * as z from 'zod';
import { defaultHome, environmentWithDotEnv } from './environment.ts';
import { BrokerError } from './errors.ts';
import { isLoopback } from './webex/address.ts';
import { documentedClientId, documentedScopes } from './webex/defaults.ts';
import { type Deployment, publishedEndpoints, type WebexEndpoints } from './webex/deployments.ts';

/** The settings, checked. `.env.example` describes each variable. */
export interface Settings {
  port: number;
  /** The data folder: database, key file, the running server's address. */
  home: string;
  keyFile: string | null;
  passphrase: string | null;
  clientId: string;
  scopes: string[];
  webex: Record<Deployment, WebexEndpoints>;
}

/** Where Webex sends the browser back to. Registered there for port 3000; another port serves tests. */
export function redirectUri(settings: Pick<Settings, 'port'>): string {
  return `${appOrigin(settings)}/auth/code`;
}

/** The web app's own address, without a path. */
export function appOrigin(settings: Pick<Settings, 'port'>): string {
  return `http://localhost:${settings.port}`;
}

interface Variable {
  schema: z.ZodType;
  /** What is right, for the error message. */
  expected: string;
  example: string;
}

const text = z.string().min(1);

function url(example: string): Variable {
  return {
    schema: z.string().refine(isSafeUrl),
    expected: 'an https address (plain http only to this machine), without a slash at its end',
    example,
  };
}

const variables = {
  WEBEX_TOKEN_PORT: {
    schema: z
      .string()
      .regex(/^\d{1,5}$/)
      .transform(Number)
      .pipe(z.number().min(1).max(65535)),
    expected: 'a port number from 1 to 65535',
    example: '3000',
  },
  WEBEX_TOKEN_HOME: { schema: text, expected: 'a folder', example: '/var/lib/webex-token' },
  WEBEX_TOKEN_KEY_FILE: { schema: text, expected: 'a file', example: '/etc/webex-token/key.jwk' },
  WEBEX_TOKEN_PASSPHRASE: {
    schema: z.string().min(12),
    expected: 'a passphrase of at least 12 characters',
    example: 'six words that nobody would guess',
  },
  WEBEX_TOKEN_CLIENT_ID: {
    schema: z.string().regex(/^[A-Za-z0-9._-]+$/),
    expected: 'an OAuth client ID',
    example: documentedClientId,
  },
  WEBEX_TOKEN_SCOPES: {
    // RFC 6749 §3.3: scope-token, separated by single spaces.
    schema: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/),
    expected: 'scopes separated by single spaces',
    example: documentedScopes.join(' '),
  },
  WEBEX_TOKEN_IDBROKER_URL: url(publishedEndpoints.commercial.idbroker),
  WEBEX_TOKEN_IDBROKER_F_URL: url(publishedEndpoints.government.idbroker),
  WEBEX_TOKEN_API_URL: url(publishedEndpoints.commercial.api),
  WEBEX_TOKEN_API_F_URL: url(publishedEndpoints.government.api),
  WEBEX_TOKEN_SCIM_URL: url(publishedEndpoints.commercial.scim),
  WEBEX_TOKEN_SCIM_F_URL: url(publishedEndpoints.government.scim),
} satisfies Record<string, Variable>;

type VariableName = keyof typeof variables;

/**
 * Reads the settings from the environment, and from `.env` beside package.json for what the environment leaves out.
 * Throws `E_SETTING`: one line that names the variable, what is wrong, and an example of a right one.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const given = environmentWithDotEnv(environment);
  const read = <T>(name: VariableName): T | null => {
    const value = given[name];
    if (value === undefined || value === '') return null;
    const { schema, expected, example }: Variable = variables[name];
    const result = schema.safeParse(value);
    if (result.success) return result.data as T;
    const shown = name === 'WEBEX_TOKEN_PASSPHRASE' ? 'its value' : JSON.stringify(value.slice(0, 100));
    throw new BrokerError(
      'E_SETTING',
      `${name}: ${shown} is not ${expected}, for example ${name}=${/ /.test(example) ? `"${example}"` : example}`,
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
    keyFile: read('WEBEX_TOKEN_KEY_FILE'),
    passphrase: read('WEBEX_TOKEN_PASSPHRASE'),
    clientId: read('WEBEX_TOKEN_CLIENT_ID') ?? documentedClientId,
    scopes: read<string>('WEBEX_TOKEN_SCOPES')?.split(' ') ?? [...documentedScopes],
    webex: { commercial: endpoints('commercial', ''), government: endpoints('government', '_F') },
  };
}

function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value) || value.endsWith('/')) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (username !== '' || password !== '' || search !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
