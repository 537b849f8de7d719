/** The hop that failed, in connection order. */
export type Hop =
  | 'proxy-address'
  | 'proxy-name'
  | 'proxy-connection'
  | 'proxy-tls'
  | 'proxy-authentication'
  | 'proxy-tunnel'
  | 'certificates'
  | 'tls';

/**
 * A connection that could not be opened, with more detail than the system's error code. `message` contains the name of the
 * proxy if there is one; `help` says what to do next. Neither contains a password.
 */
export class ConnectFailure extends Error {
  readonly hop: Hop;
  readonly help: string;

  constructor(hop: Hop, message: string, help: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ConnectFailure';
    this.hop = hop;
    this.help = help;
  }
}

/** No response arrived through this proxy. The `cause` is the reason. */
export class ProxiedFailure extends Error {
  /** Host and port of the proxy. */
  readonly proxy: string;

  constructor(proxy: string, cause: unknown) {
    super(`no response through the proxy ${proxy}`, { cause });
    this.name = 'ProxiedFailure';
    this.proxy = proxy;
  }
}

/** What to do about a certificate from an unknown authority. */
export const companyAuthorityHelp =
  'A proxy or firewall in your company probably inspects the connection, and your company’s CA certificate is missing here. Ask for it and set NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem, or add it to the system’s certificate store.';

/** The first one among the error and its causes, or null. */
export function connectFailureOf(error: unknown): ConnectFailure | null {
  return causeOf(error, ConnectFailure);
}

/** The first one among the error and its causes, or null. */
export function proxiedFailureOf(error: unknown): ProxiedFailure | null {
  return causeOf(error, ProxiedFailure);
}

function causeOf<T>(error: unknown, kind: new (...args: never[]) => T): T | null {
  for (let each = error, depth = 0; each instanceof Error && depth < 6; each = each.cause, depth += 1) {
    if (each instanceof kind) return each;
  }
  return null;
}
