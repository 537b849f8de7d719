import { Command } from 'commander';
import { startBackgroundJobs } from '../../background/background-jobs.ts';
import { parseAddressRange } from '../../domain/client.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { disableCoreDumps } from '../../server/core-dumps.ts';
import { type ServerLimits, serverLimits } from '../../server/listening/listen.ts';
import { startProvisioningJobs } from '../../server/provisioning-jobs.ts';
import type { TlsFiles } from '../../server/tls/tls-files.ts';
import { logUncaughtErrors } from '../../server/uncaught-errors.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { createAccessLink } from '../../vault/sign-in/access-links.ts';
import { chooseBrowser, willOpen } from '../sign-in/browser.ts';
import { linkTo } from '../sign-in/links.ts';
import { openWebApp } from '../sign-in/open-web-app.ts';
import { createLog } from '../terminal/log.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { note } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('serve')
    .description(
      'Start the web app on http://localhost:3000, or the token API and the SCIM relay for other hosts.',
    )
    .option('--no-open', "don't open a browser")
    .option('--verbose', 'log every request to standard error')
    .option('--api <host:port>', 'serve only the token API and the SCIM relay, on this address')
    .option('--tls-cert <file>', 'with --api: the certificate and its chain (PEM)')
    .option('--tls-key <file>', 'with --api: the private key of the certificate (PEM)')
    .option('--trust-proxy <address...>', 'with --api: the address or network of the reverse proxy')
    .option(
      '--keep-alive-timeout <seconds>',
      'close idle connections after this time; set it higher than the timeout of your proxy',
      '95',
    )
    .addHelpText(
      'after',
      `
The web app, which includes the token API and the SCIM relay, is available on this computer only. With --api, this
command serves only the token API and the SCIM relay, also to other hosts. Several of these servers can run next to
the web app. To serve other hosts, use --tls-cert and --tls-key (reloaded when the files change) or --trust-proxy;
otherwise the server listens on loopback only. Behind a proxy, set WEBEX_TOKEN_ISSUER.

Examples:
  webex-token serve --no-open
  webex-token serve --api 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem
  webex-token serve --api 127.0.0.1:8080 --trust-proxy 127.0.0.1`,
    )
    .action(serve);
}

interface ServeOptions {
  open: boolean;
  verbose?: boolean;
  api?: string;
  tlsCert?: string;
  tlsKey?: string;
  trustProxy?: string[];
  keepAliveTimeout: string;
}

async function serve(options: ServeOptions): Promise<void> {
  await disableCoreDumps();
  if (options.api !== undefined) return await serveApiAlone(options, options.api);
  if ([options.tlsCert, options.tlsKey, options.trustProxy].some((given) => given !== undefined)) {
    throw new BrokerError('E_USAGE', '--tls-cert, --tls-key and --trust-proxy need --api.', {
      help: [
        'The web app is available on this computer only.',
        {
          text: 'Serve the token API to other hosts',
          command: ['serve', '--api', 'HOST:PORT'],
          only: 'terminal',
        },
      ],
    });
  }
  const limits = limitsOf(options);
  await withVault(async (vault) => {
    const stopped = waitForShutdown();
    const log = createLog(options.verbose ? 'info' : 'warn');
    const { startWebServer } = await import('../../server/web-server.ts');
    const server = await startWebServer(vault, log, { limits });
    logUncaughtErrors(log);
    const watch = startBackgroundJobs(vault, { log, ...startProvisioningJobs(vault, log) });
    try {
      const browser = await chooseBrowser(options.open);
      // Runs while the browser starts.
      if (willOpen(browser)) server.prepare();
      const path = `/access/${await createAccessLink(vault, { sameUserOnly: willOpen(browser) })}`;
      await openWebApp(linkTo(path, server), browser);
      await stopped;
    } finally {
      await Promise.all([server.close(), watch.close()]);
    }
  });
}

async function serveApiAlone(options: ServeOptions, address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  const tls = tlsFiles(options);
  const trustedProxies = (options.trustProxy ?? []).flatMap((each) => each.split(',')).map(parseAddressRange);
  const limits = limitsOf(options);
  await withVault(async (vault) => {
    const stopped = waitForShutdown();
    const log = createLog(options.verbose ? 'info' : 'warn');
    // Avoids loading the pages of the web app.
    const { startApiServer } = await import('../../server/api-server.ts');
    const server = await startApiServer(vault, log, { host, port, tls, trustedProxies, limits });
    logUncaughtErrors(log);
    const watch = startBackgroundJobs(vault, { log, ...startProvisioningJobs(vault, log) });
    try {
      note(`The token API listens on ${server.address}. Its issuer is ${server.issuer}.`);
      await stopped;
    } finally {
      await Promise.all([server.close(), watch.close()]);
    }
  });
}

function limitsOf({ keepAliveTimeout }: ServeOptions): ServerLimits {
  const seconds = /^\d{1,4}$/.test(keepAliveTimeout) ? Number(keepAliveTimeout) : 0;
  if (seconds >= 1 && seconds <= 3_600) return { ...serverLimits, keepAliveTimeout: seconds * 1_000 };
  throw new BrokerError(
    'E_USAGE',
    `--keep-alive-timeout takes seconds from 1 to 3600, not "${sanitizeForDisplay(keepAliveTimeout, 40)}".`,
    { help: 'Set it higher than the idle timeout of the clients or the proxy, for example 95.' },
  );
}

function parseAddress(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new BrokerError('E_USAGE', `--api takes HOST:PORT, not "${text.slice(0, 80)}".`, {
    help: 'For example 127.0.0.1:8080, 0.0.0.0:8443 or [::]:8443.',
  });
}

function tlsFiles({ tlsCert, tlsKey }: ServeOptions): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert !== undefined && tlsKey !== undefined) return { certificate: tlsCert, key: tlsKey };
  throw new BrokerError('E_USAGE', '--tls-cert and --tls-key have to be used together.', {
    help: 'Use both or neither.',
  });
}
