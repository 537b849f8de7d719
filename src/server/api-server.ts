import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import express from 'express';
import type { Logger } from 'pino';
import { createApi } from '../api/app.ts';
import { peerAddress } from '../api/context.ts';
import { sendOAuthError } from '../api/oauth-error.ts';
import { forwardedAddress } from '../api/request/forwarded-address.ts';
import { rangeMatcher } from '../domain/client.ts';
import { networkOf } from '../domain/network.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { isLoopback } from '../http/secure-url.ts';
import { writeApiInstanceFile } from '../instance/api-instance-file.ts';
import type { Vault } from '../vault/context.ts';
import { requestLog } from '../web/middleware/request-log.ts';
import { healthProbes } from './health-probes.ts';
import { Connections, connectionLimits } from './listening/connections.ts';
import { applyLimits, closeServer, type ServerLimits, serverLimits } from './listening/listen.ts';
import { findPortOwner } from './listening/port-owner.ts';
import { withoutIssuerPath } from './requests/issuer-path.ts';
import { limitPerNetwork } from './requests/limit-per-network.ts';
import { rejectMalformed } from './requests/reject-malformed.ts';
import { readTls, type TlsFiles, tlsWarnings, watchTls } from './tls/tls-files.ts';
import { rateLimitedLog } from './uncaught-errors.ts';

/** How often a certificate that clients will refuse is warned about. Milliseconds. */
const warnEveryMs = 86_400_000;

export interface ApiServerOptions {
  host: string;
  /** 0 takes any that is free. */
  port: number;
  tls: TlsFiles | null;
  /** Addresses or networks of the reverse proxies that do TLS instead. */
  trustedProxies: string[];
  /** As it is by default, where absent. */
  limits?: ServerLimits;
}

export interface ApiServer {
  /** What its clients see, without a slash at its end. */
  issuer: string;
  /** Where it listens. */
  address: string;
  /** Stops listening, lets requests under way finish. */
  close(): Promise<void>;
}

/**
 * Serves the token API alone. Without TLS it does so on loopback only, or for a named proxy that does the TLS.
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
    rateLimitedLog((error) => log.warn({ err: error }, 'a connection could not be taken')),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => void cannotListen(host, port, error).then(reject));
    server.listen({ host, port }, resolve);
  });

  const address = addressOf(tls === null ? 'http' : 'https', host, (server.address() as AddressInfo).port);
  const issuer = vault.settings.issuer ?? address;
  for (const each of [address, issuer]) origins.add(new URL(each).origin);
  const api = createApi({
    vault,
    log,
    issuer,
    origins: [address],
    trustedProxies,
    probes: healthProbes(vault),
  });
  const app = log.isLevelEnabled('info')
    ? express().disable('x-powered-by').use(requestLog(log), api.app)
    : api.app;
  const targetOf = withoutIssuerPath(issuer);
  const answer: RequestListener = (request, response) => {
    request.url = targetOf(request.url ?? '');
    return app(request, response);
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

/** Uses the files anew when they change, and warns of a certificate that clients will refuse, now and once a day. */
function reloadTls(tls: TlsFiles, server: TlsServer, log: Logger, now: () => number): () => void {
  const unusable = (error: unknown) => log.warn({ err: error }, 'the changed certificate is not used');
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
      log.info('the certificate was changed');
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
 * Without TLS of its own, it answers the proxies and this machine itself: others would send their secrets in the clear.
 * Behind a proxy each client has a share of the requests that are worked on at once.
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
    const description = 'This server answers its reverse proxy only. Use the address of that, with https.';
    sendOAuthError(response, { code: 'invalid_request', description, status: 403 });
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
    `Tokens do not go over the network in the clear, and ${host} is not this machine alone.`,
    {
      help: 'Give a certificate (--tls-cert FILE --tls-key FILE), name the reverse proxy that does TLS (--trust-proxy ADDRESS), or listen on 127.0.0.1.',
    },
  );
}

async function cannotListen(host: string, port: number, error: Error): Promise<BrokerError> {
  const { code } = error as NodeJS.ErrnoException;
  const owner = code === 'EADDRINUSE' ? await findPortOwner(port) : null;
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} is held by ${owner === null ? 'another program' : `${owner.name} (process ${owner.pid})`}`
      : error.message;
  const taken = code === 'EADDRINUSE';
  return new BrokerError(
    taken ? 'E_PORT_TAKEN' : 'E_LISTEN',
    `${host}:${port} cannot be listened on: ${why}.`,
    {
      help: 'Choose another one with --api HOST:PORT.',
      cause: error,
    },
  );
}
