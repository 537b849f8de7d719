import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import express from 'express';
import type { Logger } from 'pino';
import { createApi } from '../api/app.ts';
import { peerAddress } from '../api/context.ts';
import { sendRefusal } from '../api/oauth-error.ts';
import { BrokerError } from '../errors.ts';
import { inRanges } from '../tokens/client.ts';
import type { Vault } from '../vault/vault.ts';
import { requestLog } from '../web/middleware/request-log.ts';
import { hostOf } from '../web/request-host.ts';
import { isLoopback } from '../webex/address.ts';
import { closeServer, holdToLimits, serverLimits } from './listen.ts';
import { operationsOf } from './operations.ts';
import { portHolder } from './port-holder.ts';
import { readTls, type TlsFiles, watchTls } from './tls-files.ts';
import { wellFormed } from './well-formed.ts';

export interface ApiServerOptions {
  host: string;
  /** 0 takes any that is free. */
  port: number;
  tls: TlsFiles | null;
  /** Addresses or networks of the reverse proxies that do TLS instead. */
  trustedProxies: string[];
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
export async function serveApi(vault: Vault, log: Logger, options: ApiServerOptions): Promise<ApiServer> {
  const { host, port, tls, trustedProxies } = options;
  if (tls === null && trustedProxies.length === 0 && !isLoopbackHost(host)) throw needsTls(host);

  let handler: RequestListener = (_request, response) => response.destroy();
  let issuer = '';
  const listener = wellFormed(
    (request, response) => handler(request, response),
    (origin, request) => isOwnOrigin(origin, issuer, request),
  );
  const secure =
    tls === null
      ? null
      : createHttpsServer(
          { ...serverLimits, handshakeTimeout: serverLimits.headersTimeout, ...readTls(tls) },
          listener,
        );
  const server = secure ?? createHttpServer(serverLimits, listener);
  holdToLimits(server, serverLimits);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => void cannotListen(host, port, error).then(reject));
    server.listen({ host, port }, resolve);
  });

  const address = addressOf(tls === null ? 'http' : 'https', host, (server.address() as AddressInfo).port);
  issuer = vault.settings.issuer ?? address;
  const api = createApi({
    vault,
    log,
    issuer,
    origins: [address],
    trustedProxies,
    operations: operationsOf(vault),
  });
  const app = log.isLevelEnabled('info') ? express().use(requestLog(log), api.app) : api.app;
  handler = tls === null && trustedProxies.length > 0 ? onlyThrough(trustedProxies, app) : app;
  const stopWatching =
    tls === null || secure === null
      ? () => {}
      : watchTls(
          tls,
          (context) => {
            secure.setSecureContext(context);
            log.info('the certificate was changed');
          },
          (error) => log.warn({ err: error }, 'the changed certificate is not used'),
        );
  return {
    issuer,
    address,
    close: async () => {
      stopWatching();
      await closeServer(server);
      await api.close();
    },
  };
}

/** Without TLS of its own, it answers the proxies and this machine itself: others would send their secrets in the clear. */
function onlyThrough(proxies: string[], app: RequestListener): RequestListener {
  const allowed = [...proxies, '127.0.0.0/8', '::1'];
  return (request, response) => {
    if (inRanges(allowed, peerAddress(request))) return app(request, response);
    const description = 'This server answers its reverse proxy only. Use the address of that, with https.';
    sendRefusal(response, { code: 'invalid_request', description, status: 403 });
  };
}

/** The issuer's, or the one that the client has in its Host header as well: it may know this server by any name. */
function isOwnOrigin(origin: string, issuer: string, request: IncomingMessage): boolean {
  if (origin === URL.parse(issuer)?.origin) return true;
  return ['http', 'https'].some((scheme) => origin === URL.parse(`${scheme}://${hostOf(request)}`)?.origin);
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
  const holder = code === 'EADDRINUSE' ? await portHolder(port) : null;
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} is held by ${holder === null ? 'another program' : `${holder.name} (process ${holder.pid})`}`
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
