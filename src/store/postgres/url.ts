import { BrokerError } from '../../errors/broker-error.ts';
import { isLoopback } from '../../http/secure-url.ts';

/*
 * Parses the address of a PostgreSQL database, in the form that libpq defines (PostgreSQL 18, §34.1.1.2), with the
 * parameters that matter here. This program parses it, so that no default of a library decides about encryption.
 */

export interface PostgresAddress {
  /** A host name, an IP address, or the directory of a Unix socket. */
  host: string;
  port: number;
  user: string | undefined;
  /** If undefined: PGPASSWORD, or the password file (~/.pgpass). */
  password: string | undefined;
  database: string | undefined;
  tls: PostgresTls | null;
  applicationName: string;
  /** Session settings, as in `-c name=value`. */
  options: string | undefined;
  /** Milliseconds. */
  connectTimeoutMs: number;
}

/** How the server's identity is verified; paths are those of PEM files. */
export interface PostgresTls {
  /** `full`: certificate and host name. `authority`: certificate only. `nothing`: encrypted, but not verified. */
  verify: 'full' | 'authority' | 'nothing';
  rootCertificate: string | null;
  certificate: string | null;
  key: string | null;
}

const sslModes = ['disable', 'require', 'verify-ca', 'verify-full'];
const parameters = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'host',
  'application_name',
  'connect_timeout',
  'options',
];

export const postgresUrlExample = 'postgres://webex_token@db.example.com/webex_token?sslmode=verify-full';

/** Whether a store's location is a PostgreSQL database rather than a file. */
export function isPostgresUrl(place: string): boolean {
  return /^postgres(ql)?:\/\//i.test(place);
}

/**
 * Parses a database address. Throws `E_DATABASE_URL`, which never repeats the address because it may contain a password.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = isPostgresUrl(text) ? URL.parse(text) : null;
  if (url === null) {
    throw refusal('is not a PostgreSQL address. In a password, write @ : / # as %40 %3A %2F %23');
  }
  // What follows the ? is probably part of the password, and must not be repeated as the name of a parameter.
  if (url.search.includes('@')) {
    throw refusal('has an @ after a ?. In a password, write them as %40 and %3F');
  }
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name)) {
      throw refusal(`has the unknown parameter "${printable(name)}". Known are ${parameters.join(', ')}`);
    }
  }
  const parameter = (name: string) => url.searchParams.get(name) || null;
  const host = parameter('host') ?? hostOf(url);
  if (host.includes(',')) {
    throw refusal('names several hosts. Use one host name that always leads to the primary');
  }
  const connectTimeout = Number(parameter('connect_timeout') ?? 10);
  if (!(connectTimeout > 0 && connectTimeout <= 600)) {
    throw refusal('has a connect_timeout that is not a number of seconds up to 600');
  }
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    user: decoded(url.username) || undefined,
    password: decoded(url.password) || undefined,
    database: decoded(url.pathname.slice(1)) || undefined,
    tls: tlsOf(host, parameter),
    applicationName: parameter('application_name') ?? 'webex-token',
    options: parameter('options') ?? undefined,
    connectTimeoutMs: connectTimeout * 1000,
  };
}

/** The address without its password and parameters. */
export function redactedUrl(address: Pick<PostgresAddress, 'user' | 'host' | 'port' | 'database'>): string {
  const { user, host, port, database } = address;
  const at = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  const shownHost = host.startsWith('/') ? encodeURIComponent(host) : host.includes(':') ? `[${host}]` : host;
  return `postgres://${at}${shownHost}${port === 5432 ? '' : `:${port}`}/${encodeURIComponent(database ?? '')}`;
}

/** A store's location without secrets: the path of a file, or an address without its password. */
export function redactedLocation(place: string): string {
  return isPostgresUrl(place) ? redactedUrl(parsePostgresUrl(place)) : place;
}

function hostOf(url: URL): string {
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  return host === '' ? 'localhost' : host;
}

function tlsOf(host: string, parameter: (name: string) => string | null): PostgresTls | null {
  const mode = parameter('sslmode');
  if (mode === 'prefer' || mode === 'allow') {
    throw refusal(
      `has sslmode=${mode}, which connects without encryption if the server does not support it. Use verify-full, or disable for no encryption`,
    );
  }
  if (mode !== null && !sslModes.includes(mode)) {
    throw refusal(`has the unknown sslmode ${printable(mode)}. Known are ${sslModes.join(', ')}`);
  }
  const rootCertificate = parameter('sslrootcert');
  const files = {
    // libpq: "system" means the certificate authorities that this host trusts.
    rootCertificate: rootCertificate === 'system' ? null : rootCertificate,
    certificate: parameter('sslcert'),
    key: parameter('sslkey'),
  };
  if ((files.certificate === null) !== (files.key === null)) {
    throw refusal('has only one of sslcert and sslkey');
  }
  if (host.startsWith('/') || mode === 'disable') return null;
  if (mode === null && (isLoopback(host) || host === '::1')) return null;
  // libpq: "require" verifies the certificate only if sslrootcert is set.
  if (mode === 'require' && rootCertificate === null) return { verify: 'nothing', ...files };
  if (mode === 'require' || mode === 'verify-ca') return { verify: 'authority', ...files };
  return { verify: 'full', ...files };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal('has a % without two hexadecimal digits after it. Write % itself as %25');
  }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
}

function refusal(reason: string): BrokerError {
  return new BrokerError('E_DATABASE_URL', `The database address ${reason}.`, {
    help: `A valid address looks like ${postgresUrlExample}`,
  });
}
