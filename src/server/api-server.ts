import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { peerAddress } from '../api/context.ts';
import { forwardedAddress } from '../api/request/forwarded-address.ts';
import { rangeMatcher } from '../domain/client.ts';
import { dayMs } from '../domain/lifetimes.ts';
import { networkOf } from '../domain/network.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { isLoopback } from '../http/secure-url.ts';
import { writeApiInstanceFile } from '../instance/api-instance-file.ts';
import type { Vault } from '../vault/context.ts';
import { requestLog } from '../web/middleware/request-log.ts';
import { createApiListener } from './api-listener.ts';
import { handleClientError } from './listening/client-errors.ts';
import { Connections, connectionLimits } from './listening/connections.ts';
import { applyLimits, closeServer, type ServerLimits, serverLimits } from './listening/listen.ts';
import { findPortOwner } from './listening/port-owner.ts';
import { withoutIssuerPath } from './requests/issuer-path.ts';
import { limitPerNetwork } from './requests/limit-per-network.ts';
import { rejectMalformed } from './requests/reject-malformed.ts';
import { sendRefusal } from './requests/send-refusal.ts';
import { readTls, type TlsFiles, tlsWarnings, watchTls } from './tls/tls-files.ts';
import { rateLimitedLog } from './uncaught-errors.ts';

/** How often to warn about a certificate that clients will reject. Milliseconds. */
const warnEveryMs = dayMs;

export interface ApiServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  tls: TlsFiles | null;
  /** Addresses or networks of the reverse proxies that terminate TLS. */
  trustedProxies: string[];
  /** Default: `serverLimits`. */
  limits?: ServerLimits;
}

export interface ApiServer {
  /** The address that clients see, without a trailing slash. */
  issuer: string;
  /** The address it listens on. */
  address: string;
  /** Stops listening and lets requests in flight finish. */
  close(): Promise<void>;
}

/**
 * Serves the token API and the SCIM relay without the web app. Without TLS, it only serves loopback addresses, or a trusted
 * proxy that terminates TLS.
 * Throws `E_USAGE`, `E_TLS`, `E_PORT_TAKEN`, `E_LISTEN`.
 */
export async function startApiServer(
  vault: Vault,
  log: Logger,
  options: ApiServerOptions,
): Promise<ApiServer> {
  const { host, port, tls, trustedProxies, limits = serverLimits } = options;
  if (tls === null && trustedProxies.length === 0 && !isLoopbackHost(host)) throw needsTls(host);

  let handler: RequestListener = (_request, response) => response.destroy();
  const origins = new Set<string>();
  const isProxy = rangeMatcher(trustedProxies);
  const connections = new Connections({ ...connectionLimits, ...limits }, (address) => {
    const network = networkOf(address);
    return network === 'loopback' || isProxy(address) ? null : network;
  });
  const listener = connections.listener(
    rejectMalformed(
      (request, response) => handler(request, response),
      (origin) => origins.has(origin),
    ),
  );
  const secure =
    tls === null
      ? null
      : createHttpsServer({ ...limits, handshakeTimeout: limits.headersTimeout, ...readTls(tls) }, listener);
  const server = secure ?? createHttpServer(limits, listener);
  applyLimits(
    server,
    limits,
    connections,
    rateLimitedLog((error) => log.warn({ err: error }, 'a connection could not be accepted')),
  );
  handleClientError(server, '');
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => void cannotListen(host, port, error).then(reject));
    server.listen({ host, port }, resolve);
  });

  const address = addressOf(tls === null ? 'http' : 'https', host, (server.address() as AddressInfo).port);
  const issuer = vault.settings.issuer ?? address;
  for (const each of [address, issuer]) origins.add(new URL(each).origin);
  const api = createApiListener({ vault, log, issuer, origins: [address], trustedProxies });
  const logged = log.isLevelEnabled('info') ? requestLog(log) : null;
  const targetOf = withoutIssuerPath(issuer);
  const answer: RequestListener = (request, response) => {
    request.url = targetOf(request.url ?? '');
    if (logged === null) api.listener(request, response);
    else logged(request, response, () => api.listener(request, response));
  };
  handler = tls === null && trustedProxies.length > 0 ? requireProxy(trustedProxies, answer) : answer;
  const stopWatching = tls === null || secure === null ? () => {} : reloadTls(tls, secure, log, vault.now);
  const leave = writeApiInstanceFile(vault.settings.home, { pid: process.pid, address, tls });
  return {
    issuer,
    address,
    close: async () => {
      leave();
      stopWatching();
      await closeServer(server);
      await api.close();
    },
  };
}

/** Reloads the files when they change. Warns about a certificate that clients will reject, now and once a day. */
function reloadTls(tls: TlsFiles, server: TlsServer, log: Logger, now: () => number): () => void {
  const unusable = (error: unknown) =>
    log.warn({ err: error }, 'the new certificate cannot be used; still using the previous one');
  const warn = () => {
    try {
      for (const { message } of tlsWarnings(tls, now())) log.warn({ certificate: tls.certificate }, message);
    } catch (error) {
      unusable(error);
    }
  };
  warn();
  const timer = setInterval(warn, warnEveryMs).unref();
  const stopWatching = watchTls(
    tls,
    (context) => {
      server.setSecureContext(context);
      log.info('certificate reloaded');
      warn();
    },
    unusable,
  );
  return () => {
    clearInterval(timer);
    stopWatching();
  };
}

/**
 * Without TLS, only the proxies and this machine may connect, because other clients would send their secrets unencrypted.
 * Behind a proxy, requests in flight are limited per client network.
 */
function requireProxy(proxies: string[], app: RequestListener): RequestListener {
  const isAllowed = rangeMatcher([...proxies, '127.0.0.0/8', '::1']);
  const addressOf = forwardedAddress(proxies);
  const limited = limitPerNetwork(app, (request) => {
    const address = addressOf(request);
    return address === peerAddress(request) ? null : address;
  });
  return (request, response) => {
    if (isAllowed(peerAddress(request))) return limited(request, response);
    const description =
      'This server accepts only connections from its reverse proxy. Use the https address of the proxy.';
    sendRefusal(request, response, { code: 'invalid_request', description, status: 403 });
  };
}

function addressOf(scheme: 'http' | 'https', host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : isIPv6(host) ? `[${host}]` : host;
  return `${scheme}://${name}:${port}`;
}

function isLoopbackHost(host: string): boolean {
  return isLoopback(isIPv6(host) ? `[${host}]` : host);
}

function needsTls(host: string): BrokerError {
  return new BrokerError(
    'E_USAGE',
    `Tokens are not sent over the network unencrypted, and ${host} is not a loopback address.`,
    {
      help: [
        {
          text: 'Use a certificate',
          command: ['serve', '--api', 'HOST:PORT', '--tls-cert', 'FILE', '--tls-key', 'FILE'],
        },
        {
          text: 'Or specify the reverse proxy that terminates TLS',
          command: ['serve', '--api', 'HOST:PORT', '--trust-proxy', 'ADDRESS'],
        },
        'Or listen on 127.0.0.1.',
      ],
    },
  );
}

async function cannotListen(host: string, port: number, error: Error): Promise<BrokerError> {
  const { code } = error as NodeJS.ErrnoException;
  const owner = code === 'EADDRINUSE' ? await findPortOwner(port) : null;
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} is in use by ${owner === null ? 'another program' : `${owner.name} (process ${owner.pid})`}`
      : error.message;
  const taken = code === 'EADDRINUSE';
  return new BrokerError(taken ? 'E_PORT_TAKEN' : 'E_LISTEN', `Cannot listen on ${host}:${port}: ${why}.`, {
    help: { text: 'Use another address', command: ['serve', '--api', 'HOST:PORT'] },
    cause: error,
  });
}
