import type { Settings } from '../../config/settings.ts';
import { environmentWithDotEnv } from '../../environment/environment.ts';
import { trustedCertificates } from '../../http/connect/certificates.ts';
import { connectFailureOf, type Hop } from '../../http/connect/connect-failure.ts';
import { configuredProxy, type HttpProxy, proxyFor } from '../../http/connect/proxy.ts';
import { createFetch } from '../../http/create-fetch.ts';
import { explainNetworkError, type NetworkFailure } from '../../http/explain-network-error.ts';
import { serverTime } from '../../http/server-time.ts';
import { isUnattended } from '../../provisioning/entra/auth/sign-in-method.ts';
import { entraEndpoints } from '../../provisioning/entra/clouds.ts';
import { plural } from '../../text/count.ts';
import { type Deployment, deployments, deploymentTitles } from '../../webex/deployments.ts';
import type { Finding } from './finding.ts';

/** Timeout for one service, including its response. Longer than the timeout for opening a connection. Milliseconds. */
const timeoutMs = 10_000;

interface Service {
  title: string;
  url: string;
  /** Whether it must be reachable. The other deployment may not be in use. */
  needed: boolean;
}

interface ServiceResult {
  finding: Finding;
  failure: NetworkFailure | null;
  /** The hop that failed, if known. */
  hop: Hop | null;
  throughProxy: boolean;
  /** How far this machine's clock is ahead of the service's; null if unknown. Milliseconds. */
  clockAheadMs: number | null;
}

/**
 * Connects to every service in the settings and reports which hop failed: the proxy's name, its connection, its TLS, its
 * authentication, the tunnel through it, or the service's certificate.
 */
export async function diagnoseNetwork(
  settings: Settings,
  used: ReadonlySet<Deployment>,
  environment: Readonly<NodeJS.Dict<string>> = environmentWithDotEnv(process.env),
): Promise<Finding[]> {
  const fetch = createFetch(environment);
  const reached = await Promise.all(
    services(settings, used).map((service) => reach(service, fetch, environment)),
  );
  return [
    ...diagnoseProxy(environment, reached),
    ...diagnoseCertificates(environment),
    ...reached.map(({ finding }) => finding),
    ...diagnoseClock(reached),
  ];
}

function services(settings: Settings, used: ReadonlySet<Deployment>): Service[] {
  const webex = deployments.map((deployment) => ({
    title: deploymentTitles[deployment],
    url: `${settings.webex[deployment].api}/people/me`,
    needed: deployment === 'commercial' ? used.size === 0 || used.has('commercial') : used.has(deployment),
  }));
  const { graph, login } = entraEndpoints('global', settings.entra);
  const { webhookUrl } = settings.reminders;
  const others = [
    // A destination may be in another cloud; this is the usual one.
    ...(isUnattended(settings.entra)
      ? [
          { title: 'Entra ID', url: login },
          { title: 'Microsoft Graph', url: graph },
        ]
      : []),
    ...(settings.okta.orgUrl === null ? [] : [{ title: 'Okta', url: settings.okta.orgUrl }]),
    // Only the origin: the path is a secret, and a request to it would post a message.
    ...(webhookUrl === null ? [] : [{ title: 'Webhook', url: new URL(webhookUrl).origin }]),
  ];
  return [...webex, ...others.map((other) => ({ ...other, needed: true }))];
}

async function reach(
  { title, url, needed }: Service,
  fetch: typeof globalThis.fetch,
  environment: Readonly<NodeJS.Dict<string>>,
): Promise<ServiceResult> {
  const { host } = new URL(url);
  let proxy: HttpProxy | null = null;
  try {
    proxy = proxyFor(new URL(url), environment);
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await answer.body?.cancel();
    const way = proxy === null ? '' : ` through the proxy ${proxy.name}`;
    const time = serverTime(answer.headers);
    return {
      finding: { title, ok: true, message: `${host} responds${way}` },
      failure: null,
      hop: null,
      throughProxy: proxy !== null,
      clockAheadMs: time === null ? null : Date.now() - time,
    };
  } catch (error) {
    const hop = connectFailureOf(error)?.hop ?? null;
    const failure = explainNetworkError(error, host);
    const finding = {
      title,
      // Most features work offline, so only a wrong configuration is an error.
      ok: hop !== null && needed ? false : null,
      message: `${host} cannot be reached from this machine. ${failure.message}`,
      help: failure.help,
    };
    const throughProxy = proxy !== null || hop === 'proxy-address';
    return { finding, failure, hop, throughProxy, clockAheadMs: null };
  }
}

/** Problems of the proxy itself, reported once for all services. */
function diagnoseProxy(
  environment: Readonly<NodeJS.Dict<string>>,
  reached: readonly ServiceResult[],
): Finding[] {
  const title = 'Proxy';
  try {
    const proxy = configuredProxy(environment);
    if (proxy === null) return [];
    const passed = reached.filter(({ throughProxy }) => throughProxy);
    const named = `${proxy.name}, from ${proxy.variable}`;
    if (passed.length === 0) {
      return [{ title, ok: null, message: `${named}; not used, because NO_PROXY excludes every service` }];
    }
    const failed = passed.find(({ hop }) => hop !== null && isOfProxyItself(hop));
    if (failed?.failure)
      return [{ title, ok: false, message: failed.failure.message, help: failed.failure.help }];
    const signedIn = proxy.authorization === null ? 'without authentication' : 'authenticated';
    return passed.some(({ hop }) => hop === null || hop === 'tls')
      ? [{ title, ok: true, message: `${named}: resolved, connected, ${signedIn}` }]
      : [{ title, ok: null, message: `${named}: resolved and connected, but it blocks every service` }];
  } catch (error) {
    const { message, help } = explainNetworkError(error, '');
    return [{ title, ok: false, message, help }];
  }
}

function isOfProxyItself(hop: Hop): boolean {
  return ['proxy-address', 'proxy-name', 'proxy-connection', 'proxy-tls', 'proxy-authentication'].includes(
    hop,
  );
}

/** Checked only if a variable is set to a file or folder, because reading all certificates takes a while. */
function diagnoseCertificates(environment: Readonly<NodeJS.Dict<string>>): Finding[] {
  const title = 'Certificate authorities';
  const named = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'].filter((name) => environment[name]);
  if (named.length === 0) return [];
  try {
    const count = trustedCertificates(environment).length;
    return [{ title, ok: true, message: `${count}, including those of ${named.join(' and ')}` }];
  } catch (error) {
    const { message, help } = explainNetworkError(error, '');
    return [{ title, ok: false, message, help }];
  }
}

/** A wrong clock makes reminders and expiry dates wrong. Reported if it differs by more than two minutes from every service's. */
function diagnoseClock(reached: readonly ServiceResult[]): Finding[] {
  const [ahead] = reached
    .flatMap(({ clockAheadMs }) => clockAheadMs ?? [])
    .sort((one, other) => Math.abs(one) - Math.abs(other));
  if (ahead === undefined || Math.abs(ahead) <= 120_000) return [];
  return [
    {
      title: 'Clock',
      ok: false,
      message: `this machine's clock is ${timeText(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'behind'}`,
      help: 'Correct it: expiry dates, reminders and sign-ins depend on it. No token is lost.',
    },
  ];
}

function timeText(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 120) return plural(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 48 ? plural(hours, 'hour') : plural(Math.round(hours / 24), 'day');
}
