/** Which part of the way failed, in the order in which they are passed. */
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
 * A connection that could not be opened, where more is known than the system's error code says. `message` is one sentence
 * or two that name the proxy where there is one, `help` what to do next. Neither holds a password.
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

/** The request got no answer although its connection went through this proxy; the cause says what happened. */
export class ProxiedFailure extends Error {
  /** Host and port of the proxy. */
  readonly proxy: string;

  constructor(proxy: string, cause: unknown) {
    super(`no answer through the proxy ${proxy}`, { cause });
    this.name = 'ProxiedFailure';
    this.proxy = proxy;
  }
}

/** What to do where a certificate is of an authority that is not known here. */
export const companyAuthorityHelp =
  'Most likely a proxy or firewall of the company inspects the connection, and the certificate of the company’s CA is missing here. Ask for it, and set NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem, or add it to the system’s own store.';

/** The first of its kind among the error and its causes, or null. */
export function connectFailureOf(error: unknown): ConnectFailure | null {
  return causeOf(error, ConnectFailure);
}

/** The first of its kind among the error and its causes, or null. */
export function proxiedFailureOf(error: unknown): ProxiedFailure | null {
  return causeOf(error, ProxiedFailure);
}

function causeOf<T>(error: unknown, kind: new (...args: never[]) => T): T | null {
  for (let each = error, depth = 0; each instanceof Error && depth < 6; each = each.cause, depth += 1) {
    if (each instanceof kind) return each;
  }
  return null;
}
