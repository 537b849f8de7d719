import { isLoopback } from '../secure-url.ts';
import { ConnectFailure } from './connect-failure.ts';
import { isExcluded } from './no-proxy.ts';

/** An HTTP proxy from an environment variable. */
export interface HttpProxy {
  /** The name of the variable. */
  variable: string;
  /** Host and port, safe to display: without user name and password. */
  name: string;
  /** Whether the connection to the proxy itself is encrypted. */
  secure: boolean;
  /** Without brackets. */
  host: string;
  port: number;
  /** The value of `Proxy-Authorization`, or null. */
  authorization: string | null;
}

type Environment = Readonly<NodeJS.Dict<string>>;

/** As in Node, HTTP_PROXY also applies to https if HTTPS_PROXY is not set. */
const variablesFor = {
  'https:': ['https_proxy', 'http_proxy', 'all_proxy'],
  'http:': ['http_proxy', 'all_proxy'],
};

/**
 * The proxy for an address; null for a direct connection. Addresses of this machine never use a proxy, regardless of
 * NO_PROXY. Throws `ConnectFailure` if the variable is invalid.
 */
export function proxyFor(url: URL, environment: Environment): HttpProxy | null {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isLoopback(url.hostname) || host.endsWith('.localhost')) return null;
  const secure = url.protocol === 'https:';
  const given = firstGiven(variablesFor[secure ? 'https:' : 'http:'], environment);
  if (given === null) return null;
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const noProxy = environment.no_proxy || environment.NO_PROXY || '';
  return isExcluded(noProxy, host, port) ? null : readProxy(given.variable, given.value);
}

/** The proxy for https in the environment, regardless of NO_PROXY; null if there is none. */
export function configuredProxy(environment: Environment): HttpProxy | null {
  const given = firstGiven(variablesFor['https:'], environment);
  return given === null ? null : readProxy(given.variable, given.value);
}

/** As in curl, the lower-case name comes first. */
function firstGiven(
  names: readonly string[],
  environment: Environment,
): { variable: string; value: string } | null {
  for (const name of names.flatMap((each) => [each, each.toUpperCase()])) {
    const value = environment[name]?.trim();
    if (value) return { variable: name, value };
  }
  return null;
}

/** As in curl, an address without a scheme is the address of an HTTP proxy. */
function readProxy(variable: string, value: string): HttpProxy {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (url === null || url.hostname === '' || !/^\/?$/.test(url.pathname + url.search + url.hash)) {
    throw unusable(
      variable,
      `does not contain a valid proxy address${value.includes('@') ? '' : `: ${value.slice(0, 100)}`}`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw unusable(
      variable,
      `has the proxy ${url.host} with ${url.protocol}//, but only http:// and https:// are supported`,
    );
  }
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const user = decoded(url.username);
  const credentials = Buffer.from(`${user}:${decoded(url.password)}`).toString('base64');
  return {
    variable,
    name: `${url.hostname}:${port}`,
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    authorization: user === '' ? null : `Basic ${credentials}`,
  };
}

function unusable(variable: string, why: string): ConnectFailure {
  return new ConnectFailure(
    'proxy-address',
    `The variable ${variable} ${why}.`,
    `Set ${variable}=http://proxy.example.com:8080, with user:password@ before the host if the proxy requires authentication. In a password, write @ : / # % as %40 %3A %2F %23 %25.`,
  );
}

/** Keeps a % that is not followed by two hexadecimal digits. */
function decoded(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  });
}
