import { BrokerError } from '../../errors/broker-error.ts';
import { ManualSetupRequiredError, manualSetup } from '../push/manual-setup.ts';
import type { ProviderAccess, ProviderPush, PushOutcome, PushRequest } from '../push/provider-push.ts';
import { testRelay } from '../push/test-relay.ts';
import { OktaClient } from './client.ts';
import { activate, readConnection, setConnection } from './connection.ts';
import { appById, type OktaApp, requireApp, searchApp, searchScimApp } from './find-app.ts';
import { signInToOkta } from './sign-in.ts';

export const oktaPush: ProviderPush = { assertOptions: () => {}, push: pushToOkta };

/**
 * Gives an application in Okta access, step by step: check whether Okta's API supports the connection, test the credentials from
 * here, set and activate them, and read them back. Throws `E_OKTA_MANUAL` if Okta's API does not support the application; for the
 * relay, also if Okta's settings are missing or no application has a field for the address.
 */
async function pushToOkta(push: PushRequest): Promise<PushOutcome> {
  const { steps, dryRun, via, tenantUrl } = push;
  assertVia(via);
  const planned = dryRun ? ({ status: 'planned' } as const) : {};

  const okta = await steps.run('sign-in', async () => ({
    value: await openOkta(push),
    message: 'Signed in to Okta.',
  }));

  const app = await steps.run('find-app', async () => {
    const value = await findApp(okta, push);
    await push.assertReplaceable(value, null);
    if (value.isDeactivated) {
      push.context.onEvent({
        type: 'warning',
        message: `The application "${value.name}" is deactivated, so Okta does not provision anyone with it. Activate it in the Admin Console, under Applications.`,
      });
    }
    return { value, message: `Found the application "${value.name}" (${value.id}).` };
  });

  await steps.run('read-connection', async () => {
    const { status: value } = await readConnection(okta, app);
    if (value === 'UNKNOWN') {
      if (via === 'token') await push.recordManual(app);
      throw manual(
        push,
        app,
        `Okta’s API does not support the provisioning connection of "${app.name}" (UNKNOWN).`,
      );
    }
    return { value, message: `Okta’s API supports its provisioning connection (${value.toLowerCase()}).` };
  });

  const access = await push.openAccess(app);
  if (access.via === 'oauth') throw new Error('Okta has no client credentials');
  await steps.run('test-new', async () => {
    if (!dryRun) return { value: undefined, message: await testAccess(push, access) };
    const message =
      via === 'relay'
        ? 'Would send the requests of Okta’s Test API Credentials to the relay.'
        : 'Would send the requests of Okta’s Test API Credentials to Webex.';
    return { value: undefined, message, ...planned };
  });

  const what = via === 'relay' ? 'the relay’s address and secret' : 'the token';
  await steps.run('save', async () => {
    await setConnection(okta, app, access, () => {
      steps.remoteState = 'either';
    });
    if (!dryRun) steps.remoteState = 'new-untested';
    const message = dryRun
      ? `Would set ${what} and activate the connection.`
      : `Set ${what} and activated the connection.`;
    return { value: undefined, message, ...planned };
  });

  await steps.run('read-back', async () => {
    if (dryRun) return { value: undefined, message: 'Would read back the connection.', ...planned };
    await ensureEnabled(okta, app, app.isScimApp ? tenantUrl : null);
    return { value: undefined, message: 'The connection is enabled.' };
  });
  if (!dryRun) steps.remoteState = 'new';
  await push.recordInstalled(app, null);
  return { app, cloud: null, status: null, findings: [] };
}

/** Throws `E_USAGE`. */
function assertVia(via: PushRequest['via']): void {
  if (via !== 'oauth') return;
  throw new BrokerError('E_USAGE', 'Okta cannot fetch tokens from a token endpoint for provisioning.', {
    help: 'Use the relay, or the token itself.',
  });
}

async function openOkta(push: PushRequest): Promise<OktaClient> {
  const { vault, dryRun, context, secrets, via } = push;
  const { okta } = vault.settings;
  if (via === 'relay' && (okta.orgUrl === null || (okta.token === null && okta.clientId === null))) {
    throw manual(push, unknownApp, 'The settings for Okta’s API are missing (OKTA_CLIENT_…).');
  }
  const session = await signInToOkta(okta, context);
  const { sleep, onEvent } = context;
  return new OktaClient({ session, sleep, onEvent, now: vault.now, secrets, dryRun });
}

/** A placeholder for an application that does not exist yet, or that was not looked up. */
const unknownApp: OktaApp = { id: '', name: 'Webex (SCIM)', isScimApp: true, isDeactivated: false };

async function findApp(okta: OktaClient, push: PushRequest): Promise<OktaApp> {
  const { options, known, via } = push;
  if (options.app !== undefined) {
    const app = await requireApp(okta, options.app);
    if (via === 'relay' && !app.isScimApp) throw manual(push, unknownApp, noAddress);
    return app;
  }
  const found = known === null || known.appId === '' ? null : await appById(okta, known.appId);
  if (found !== null && (via === 'token' || found.isScimApp)) return found;
  if (via === 'token') return await searchApp(okta);
  const app = await searchScimApp(okta);
  if (app === null) throw manual(push, unknownApp, noAddress);
  return app;
}

const noAddress =
  'The Cisco Webex application from the catalog has no field for an address, and Okta has no other SCIM application with Webex in its name.';

/** The error when a person has to enter the values in the Admin Console. With the Webex token, it contains the fields. */
function manual({ payload, via, tenantUrl }: PushRequest, app: OktaApp, reason: string): BrokerError {
  const { profile, orgId } = payload;
  const values = { orgId, tenantUrl, tokenEndpoint: '', clientId: null };
  const setup = via === 'token' ? manualSetup('okta', via, app.name, values) : null;
  const { id, name } = app;
  const target = { provider: 'okta' as const, via, profile: profile.name, app: { id, name } };
  return new ManualSetupRequiredError(target, reason, setup);
}

/** Sends the requests of Okta's test from here, because Okta's API cannot run it. Returns the result. Throws `E_REJECTED`. */
async function testAccess(
  { vault, payload, context }: PushRequest,
  { via, tenantUrl, secretToken }: Exclude<ProviderAccess, { via: 'oauth' }>,
): Promise<string> {
  if (via === 'relay') {
    await testRelay({ fetch: context.fetch, now: vault.now, tenantUrl, secret: secretToken });
    return 'The relay passes Okta’s Test API Credentials from here.';
  }
  const { profile, orgId } = payload;
  const { ok, message, help } = await vault.webex[profile.deployment].oktaTestCredentials(secretToken, orgId);
  if (!ok) throw new BrokerError('E_REJECTED', message, help === undefined ? {} : { help });
  return message;
}

/** Throws `E_READ_BACK`. `address`: the expected address; null for an application without one. */
async function ensureEnabled(okta: OktaClient, app: OktaApp, address: string | null): Promise<void> {
  let connection = await readConnection(okta, app);
  if (connection.status !== 'ENABLED') {
    await activate(okta, app);
    connection = await readConnection(okta, app);
  }
  if (connection.status !== 'ENABLED') {
    throw new BrokerError(
      'E_READ_BACK',
      'Okta accepted the settings, but the connection is still disabled.',
      {
        help: 'Open the application’s Provisioning page, press Test API Credentials, and save.',
      },
    );
  }
  if (address === null || connection.baseUrl === address) return;
  throw new BrokerError('E_READ_BACK', 'Okta accepted the settings, but does not return the address.', {
    help: `Open the application’s Provisioning page and check the base URL: ${address}`,
  });
}
