import { BrokerError } from '../../errors/broker-error.ts';
import { isLoopback } from '../../http/secure-url.ts';

/*
 * The address of a PostgreSQL database, in the form that libpq defines (PostgreSQL 18, §34.1.1.2), with those of its
 * parameters that matter here. It is read by ourselves, so that encryption is decided here and not by a default.
 */

export interface PostgresAddress {
  /** A host name, an IP address, or the folder of a Unix socket. */
  host: string;
  port: number;
  user: string | undefined;
  /** Left out: PGPASSWORD, or the password file (~/.pgpass). */
  password: string | undefined;
  database: string | undefined;
  tls: PostgresTls | null;
  applicationName: string;
  /** Session settings, as in `-c name=value`. */
  options: string | undefined;
  /** Milliseconds. */
  connectTimeoutMs: number;
}

/** How far the server has to prove who it is; paths are those of PEM files. */
export interface PostgresTls {
  /** `full`: certificate and name. `authority`: the certificate alone. `nothing`: encrypted, to whomever. */
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

/** Whether a store's place is a PostgreSQL database rather than a file. */
export function isPostgresUrl(place: string): boolean {
  return /^postgres(ql)?:\/\//i.test(place);
}

/**
 * Takes a database address apart. Throws `E_DATABASE_URL`, which never repeats the address, for it may hold a password.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = isPostgresUrl(text) ? URL.parse(text) : null;
  if (url === null) {
    throw refusal(
      'is not an address of PostgreSQL. Characters like @ : / # in a password are written %40 %3A %2F %23',
    );
  }
  // Then it is a part of the password most likely, which is not to be repeated as a parameter's name.
  if (url.search.includes('@')) {
    throw refusal('has an @ behind a ?. In a password they are written %40 and %3F');
  }
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name)) {
      throw refusal(`has the parameter "${printable(name)}", which is none of ${parameters.join(', ')}`);
    }
  }
  const parameter = (name: string) => url.searchParams.get(name) || null;
  const host = parameter('host') ?? hostOf(url);
  if (host.includes(',')) {
    throw refusal('names several hosts. Name one that leads to the primary, whichever that is at the time');
  }
  const connectTimeout = Number(parameter('connect_timeout') ?? 10);
  if (!(connectTimeout > 0 && connectTimeout <= 600)) {
    throw refusal('has a connect_timeout that is not a number of seconds');
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

/** The address as it may be shown: without password and parameters. */
export function redactedUrl(address: Pick<PostgresAddress, 'user' | 'host' | 'port' | 'database'>): string {
  const { user, host, port, database } = address;
  const at = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  const shownHost = host.startsWith('/') ? encodeURIComponent(host) : host.includes(':') ? `[${host}]` : host;
  return `postgres://${at}${shownHost}${port === 5432 ? '' : `:${port}`}/${encodeURIComponent(database ?? '')}`;
}

/** A store's place as it may be shown: a file's path, or an address without its password. */
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
      `says sslmode=${mode}, which connects without encryption where the server offers none. Say verify-full, or disable to want none`,
    );
  }
  if (mode !== null && !sslModes.includes(mode)) {
    throw refusal(`says sslmode=${printable(mode)}, which is none of ${sslModes.join(', ')}`);
  }
  const rootCertificate = parameter('sslrootcert');
  const files = {
    // libpq: "system" means the certificate authorities that this machine trusts anyway.
    rootCertificate: rootCertificate === 'system' ? null : rootCertificate,
    certificate: parameter('sslcert'),
    key: parameter('sslkey'),
  };
  if ((files.certificate === null) !== (files.key === null)) {
    throw refusal('names one of sslcert and sslkey without the other');
  }
  if (host.startsWith('/') || mode === 'disable') return null;
  if (mode === null && (isLoopback(host) || host === '::1')) return null;
  // libpq: "require" checks the certificate where an authority is named, and does not where none is.
  if (mode === 'require' && rootCertificate === null) return { verify: 'nothing', ...files };
  if (mode === 'require' || mode === 'verify-ca') return { verify: 'authority', ...files };
  return { verify: 'full', ...files };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal('has a % that begins no escaped character; a % itself is written %25');
  }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
}

function refusal(reason: string): BrokerError {
  return new BrokerError('E_DATABASE_URL', `The address of the database ${reason}.`, {
    help: `A right one looks like ${postgresUrlExample}`,
  });
}
