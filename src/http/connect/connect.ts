import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { isUntrusted, networkReason } from '../network-reason.ts';
import { ConnectFailure, companyAuthorityHelp } from './connect-failure.ts';
import type { HttpProxy } from './proxy.ts';

/** The target of a connection. */
export interface Target {
  /** Without brackets. */
  host: string;
  port: number;
  secure: boolean;
}

export interface ConnectOptions {
  /** Null: a direct connection. */
  proxy: HttpProxy | null;
  /** All trusted authorities. Read only if those of Node are not sufficient. */
  trusted: () => SecureContext;
  /** Timeout for the whole connection. Milliseconds. */
  timeoutMs: number;
}

/**
 * Opens a connection, through the proxy if there is one (RFC 9110 §9.3.6), encrypted if the target is https. Throws
 * `ConnectFailure` for errors of the proxy or a certificate, otherwise the system's error.
 */
export async function connectTo(target: Target, options: ConnectOptions): Promise<Socket> {
  const { proxy, trusted } = options;
  const signal = AbortSignal.timeout(options.timeoutMs);
  const open = async () =>
    proxy === null
      ? await openTcp(target.host, target.port, signal)
      : await openTunnel(target, proxy, trusted, signal);
  if (!target.secure) return await open();
  try {
    return await secured(open, target.host, trusted, signal);
  } catch (error) {
    if (error instanceof ConnectFailure) throw error;
    const reason = networkReason(error);
    if (reason === 'tls') throw untrustedConnection(target, proxy, error);
    if (proxy === null) throw error;
    throw new ConnectFailure(
      'proxy-tunnel',
      reason === 'timeout'
        ? `The proxy ${proxy.name} opened the connection to ${target.host}, but no data arrived in time.`
        : `The proxy ${proxy.name} closed the connection to ${target.host} before it was encrypted.`,
      `The proxy may block ${target.host}: ask its administrator. ${changeProxy(proxy)}`,
      error,
    );
  }
}

async function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port });
  await opened(socket, 'connect', signal);
  socket.setNoDelay(true).setKeepAlive(true, 60_000);
  return socket;
}

/** Waits for the event. Rejects on an error or timeout, and closes the socket. */
async function opened(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  try {
    await once(socket, event, { signal });
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/**
 * Tries Node's own authorities first and then all trusted ones, which take a while to read. A proxy that inspects traffic
 * needs the second attempt.
 */
async function secured(
  open: () => Promise<Socket>,
  host: string,
  trusted: () => SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  try {
    return await handshake(await open(), host, undefined, signal);
  } catch (error) {
    if (!isUntrusted(error)) throw error;
    const context = trusted();
    return await handshake(await open(), host, context, signal);
  }
}

async function handshake(
  socket: Socket,
  host: string,
  secureContext: SecureContext | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectTls({
    socket,
    // The name that the certificate must contain. An IP address is not a server name (RFC 6066 §3).
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    // Regardless of NODE_TLS_REJECT_UNAUTHORIZED, because tokens are sent through this connection.
    rejectUnauthorized: true,
    ...(secureContext !== undefined && { secureContext }),
  });
  let issuer: string | undefined;
  // Read here because Node closes an untrusted connection right after.
  secure.prependListener('secure', () => {
    const { O, CN } = secure.getPeerCertificate().issuer ?? {};
    issuer = [O, CN].flat().filter(Boolean).join(', ');
  });
  try {
    await opened(secure, 'secureConnect', signal);
  } catch (error) {
    socket.destroy();
    if (issuer && error instanceof Error) Object.assign(error, { issuer });
    throw error;
  }
  return secure;
}

function untrustedConnection(target: Target, proxy: HttpProxy | null, error: unknown): ConnectFailure {
  const { code, issuer } = error as { code?: string; issuer?: string };
  const by = issuer === undefined ? '' : ` It was issued by “${sanitizeForDisplay(issuer, 100)}”.`;
  const way = proxy === null ? '' : ` through the proxy ${proxy.name}`;
  const start = `The secure connection to ${target.host}${way} failed:`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new ConnectFailure(
      'tls',
      `${start} its certificate is not valid at this time (${code}).${by}`,
      'Check this machine’s clock.',
      error,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new ConnectFailure(
      'tls',
      `${start} its certificate is for another host name.${by}`,
      'Something else responds in its place, such as a sign-in page of the network, a proxy or a firewall. Ask your network administrator.',
      error,
    );
  }
  return isUntrusted(error)
    ? new ConnectFailure(
        'tls',
        `${start} this machine does not trust its certificate (${code}).${by}`,
        companyAuthorityHelp,
        error,
      )
    : new ConnectFailure('tls', `${start} the TLS handshake failed (${code}).`, companyAuthorityHelp, error);
}

async function openTunnel(
  target: Target,
  proxy: HttpProxy,
  trusted: () => SecureContext,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await openProxy(proxy, trusted, signal);
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const request = httpRequest({
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(proxy.authorization !== null && { 'proxy-authorization': proxy.authorization }),
    },
    createConnection: () => socket,
  });
  request.end();
  let answer: IncomingMessage;
  let first: Buffer;
  try {
    [answer, , first] = (await once(request, 'connect', { signal })) as [IncomingMessage, Socket, Buffer];
  } catch (error) {
    socket.on('error', () => {}).destroy();
    request.on('error', () => {}).destroy();
    throw new ConnectFailure(
      'proxy-tunnel',
      signal.aborted
        ? `The proxy ${proxy.name} accepted the connection, but did not respond in time.`
        : `The proxy ${proxy.name} closed the connection to ${target.host}, or its response is not HTTP.`,
      `Check that ${proxy.name} is an HTTP proxy. ${changeProxy(proxy)}`,
      error,
    );
  }
  const { statusCode = 0 } = answer;
  if (statusCode < 200 || statusCode > 299) {
    socket.on('error', () => {}).destroy();
    throw refusal(answer, target, proxy);
  }
  if (first.length > 0) socket.unshift(first);
  return socket;
}

async function openProxy(
  proxy: HttpProxy,
  trusted: () => SecureContext,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port, name } = proxy;
  const open = () => openTcp(host, port, signal);
  try {
    return await (proxy.secure ? secured(open, host, trusted, signal) : open());
  } catch (error) {
    if (error instanceof ConnectFailure) throw error;
    const reason = networkReason(error);
    if (reason === 'tls') {
      const { code } = error as { code?: string };
      throw isUntrusted(error)
        ? new ConnectFailure(
            'proxy-tls',
            `The proxy ${name} has a certificate that this machine does not trust (${code}).`,
            `Ask the administrator of the proxy for its CA certificate, and set NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem. ${changeProxy(proxy)}`,
            error,
          )
        : new ConnectFailure(
            'proxy-tls',
            `The TLS connection to the proxy ${name} itself failed (${code}).`,
            `Most proxies need http:// in ${proxy.variable}, even for https traffic. With https://, the proxy must have a certificate for the name ${host}.`,
            error,
          );
    }
    if (reason === 'dns') {
      throw new ConnectFailure(
        'proxy-name',
        `The host name of the proxy, ${host}, could not be found.`,
        changeProxy(proxy),
        error,
      );
    }
    const what = {
      timeout: 'did not respond in time',
      refused: 'cannot be reached: nothing listens there, or a firewall blocks it',
      network: 'broke the connection',
    }[reason];
    throw new ConnectFailure('proxy-connection', `The proxy ${name} ${what}.`, changeProxy(proxy), error);
  }
}

function refusal({ statusCode, headers }: IncomingMessage, target: Target, proxy: HttpProxy): ConnectFailure {
  if (statusCode === 407) {
    const offered = String(headers['proxy-authenticate'] ?? '');
    const schemes = offered.match(/(?<=^|, *)[A-Za-z][\w-]*(?![\w-]*=)/g) ?? [];
    if (schemes.length > 0 && !schemes.some((scheme) => scheme.toLowerCase() === 'basic')) {
      return new ConnectFailure(
        'proxy-authentication',
        `The proxy ${proxy.name} requires ${schemes.join(' or ')} authentication (407), but this program supports only a user name and password (Basic).`,
        `Run a local proxy that signs in for you, such as cntlm or px, and set ${proxy.variable} to it; or ask for access without authentication.`,
      );
    }
    return new ConnectFailure(
      'proxy-authentication',
      proxy.authorization === null
        ? `The proxy ${proxy.name} requires a user name and password (407).`
        : `The proxy ${proxy.name} does not accept the user name and password in ${proxy.variable} (407).`,
      `Set ${proxy.variable}=http://user:password@${proxy.name}. In a password, write @ : / # % as %40 %3A %2F %23 %25.`,
    );
  }
  if (statusCode !== undefined && statusCode >= 500) {
    return new ConnectFailure(
      'proxy-tunnel',
      `The proxy ${proxy.name} could not reach ${target.host} (${statusCode}).`,
      `Try again in a few minutes. If it repeats, ask the administrator of the proxy. ${changeProxy(proxy)}`,
    );
  }
  return new ConnectFailure(
    'proxy-tunnel',
    `The proxy ${proxy.name} does not allow the connection to ${target.host}:${target.port} (${statusCode}).`,
    `Ask the administrator of the proxy to allow ${target.host}. ${changeProxy(proxy)}`,
  );
}

function changeProxy({ variable }: HttpProxy): string {
  return `The proxy is set in the variable ${variable}. NO_PROXY lists the hosts that need no proxy.`;
}
