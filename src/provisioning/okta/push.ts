import { BrokerError } from '../../errors/broker-error.ts';
import type { ProviderPush, PushOutcome, PushRequest } from '../push/provider-push.ts';
import { OktaClient } from './client.ts';
import { activate, connectionStatus, setToken } from './connection.ts';
import { appById, type OktaApp, requireApp, searchApp } from './find-app.ts';
import { ManualSetupRequiredError, manualSetup } from './manual-setup.ts';
import { signInToOkta } from './sign-in.ts';

export const oktaPush: ProviderPush = { assertOptions: () => {}, push: pushToOkta };

/**
 * Installs a token in Okta, step by step: check whether Okta serves the connection, test the token, set and activate
 * it, read it back. Throws `E_OKTA_MANUAL` where Okta's API does not serve the application.
 */
async function pushToOkta(push: PushRequest): Promise<PushOutcome> {
  const { steps, dryRun, payload } = push;
  const planned = dryRun ? ({ status: 'planned' } as const) : {};

  const okta = await steps.run('sign-in', async () => ({
    value: await openOkta(push),
    message: 'Signed in to Okta.',
  }));

  const app = await steps.run('find-app', async () => {
    const value = await findApp(okta, push);
    await push.assertReplaceable(value, { savedTenantUrl: null, tenantUrl: null });
    return { value, message: `Found the application "${value.name}" (${value.id}).` };
  });

  await steps.run('read-connection', async () => {
    const value = await connectionStatus(okta, app);
    if (value === 'UNKNOWN') {
      await push.recordManual(app);
      const { profile, orgId } = payload;
      throw new ManualSetupRequiredError(profile.name, app, manualSetup(orgId, app));
    }
    return { value, message: `Okta’s API serves its provisioning connection (${value.toLowerCase()}).` };
  });

  await steps.run('test-new', async () => {
    if (dryRun) {
      return {
        value: undefined,
        message: 'Would send Webex the requests of Okta’s Test API Credentials.',
        ...planned,
      };
    }
    return { value: undefined, message: await testCredentials(push) };
  });

  await steps.run('save', async () => {
    await setToken(okta, app, payload.accessToken, () => {
      steps.remoteState = 'either';
    });
    if (!dryRun) steps.remoteState = 'new-untested';
    const message = dryRun
      ? 'Would set the token and activate the connection.'
      : 'Set the token and activated the connection.';
    return { value: undefined, message, ...planned };
  });

  await steps.run('read-back', async () => {
    if (dryRun) return { value: undefined, message: 'Would read the connection back.', ...planned };
    await ensureEnabled(okta, app);
    return { value: undefined, message: 'The connection is enabled.' };
  });
  if (!dryRun) steps.remoteState = 'new';
  await push.recordInstalled(app, null);
  return { app, cloud: null, status: null, findings: [] };
}

async function openOkta({ vault, payload, dryRun, context }: PushRequest): Promise<OktaClient> {
  const session = await signInToOkta(vault.settings.okta, context);
  const { sleep, onEvent } = context;
  const secrets = dryRun ? [] : [payload.accessToken];
  return new OktaClient({ session, sleep, onEvent, now: vault.now, secrets, dryRun });
}

async function findApp(okta: OktaClient, { options, known }: PushRequest): Promise<OktaApp> {
  if (options.app !== undefined) return await requireApp(okta, options.app);
  const found = known === null || known.appId === '' ? null : await appById(okta, known.appId);
  return found ?? (await searchApp(okta));
}

/** Okta's API cannot test a token, so we send Webex the same requests. Returns the result. Throws `E_REJECTED`. */
async function testCredentials({ vault, payload }: PushRequest): Promise<string> {
  const { profile, accessToken, orgId } = payload;
  const { ok, message, help } = await vault.webex[profile.deployment].oktaTestCredentials(accessToken, orgId);
  if (!ok) throw new BrokerError('E_REJECTED', message, help === undefined ? {} : { help });
  return message;
}

/** Throws `E_READ_BACK`. */
async function ensureEnabled(okta: OktaClient, app: OktaApp): Promise<void> {
  if ((await connectionStatus(okta, app)) === 'ENABLED') return;
  await activate(okta, app);
  if ((await connectionStatus(okta, app)) === 'ENABLED') return;
  throw new BrokerError('E_READ_BACK', 'Okta accepted the token, but its connection stays disabled.', {
    help: 'Open the application’s Provisioning page, press Test API Credentials, and save.',
  });
}
