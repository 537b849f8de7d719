import { BrokerError } from '../../errors/broker-error.ts';
import type { ConnectionTestResult } from '../../webex/api/connection-tests.ts';
import { type RemoteState, withRemoteState } from '../push-error.ts';
import { type StepResult, Steps } from '../steps.ts';
import type { OktaClient } from './client.ts';
import { activate, connectionStatus, setToken } from './connection.ts';
import { appById, type OktaApp, requireApp, searchApp } from './find-app.ts';

export interface OktaPush {
  /** Signs in; called once, as the first step. */
  signIn: () => Promise<OktaClient>;
  accessToken: string;
  /** Asks Webex what Okta's Test API Credentials asks: Okta's API has no test of its own for a token. */
  testCredentials: () => Promise<ConnectionTestResult>;
  /** The application's ID that a person named. */
  app: string | null;
  /** The application that the token went to before. */
  rememberedApp: string | null;
  /** Throws where the application must not be taken: it has the token of another profile. */
  assertReplaceable: (app: OktaApp) => Promise<void>;
  onStep: (result: StepResult) => void;
  /** Called once the application is known to be one that Okta's API does not serve. */
  onByHand: (app: OktaApp) => Promise<BrokerError>;
  /** Called as soon as Okta has the new token. */
  onSaved: (app: OktaApp) => Promise<void>;
}

/**
 * Hands a token to Okta, step by step: ask the connection first, test the token, then set and activate it, read back.
 * Throws `PushError`; its code is `E_OKTA_MANUAL` where Okta's API does not serve the application.
 */
export async function pushToOkta(push: OktaPush): Promise<{ okta: OktaClient; app: OktaApp }> {
  const steps = new Steps(push.onStep);
  return await withRemoteState('Okta', steps.results, (setRemoteState) =>
    runPush(push, steps, setRemoteState),
  );
}

async function runPush(push: OktaPush, steps: Steps, setRemoteState: (inPlace: RemoteState) => void) {
  const okta = await steps.run('sign-in', async () => ({
    value: await push.signIn(),
    message: 'Okta is ready to be asked.',
  }));
  const planned = okta.dryRun ? ({ status: 'planned' } as const) : {};

  const app = await steps.run('find-app', async () => {
    const value = await findApp(okta, push);
    await push.assertReplaceable(value);
    return { value, message: `The application is "${value.name}" (${value.id}).` };
  });

  await steps.run('read-connection', async () => {
    const value = await connectionStatus(okta, app);
    if (value === 'UNKNOWN') throw await push.onByHand(app);
    return { value, message: `Okta serves its provisioning connection, which is ${value.toLowerCase()}.` };
  });

  await steps.run('test-new', async () => {
    if (okta.dryRun)
      return { value: undefined, message: 'Would ask Webex what Okta’s test asks.', ...planned };
    const { ok, message, help } = await push.testCredentials();
    if (!ok) throw new BrokerError('E_REJECTED', message, help === undefined ? {} : { help });
    return { value: undefined, message };
  });

  await steps.run('save', async () => {
    await setToken(okta, app, push.accessToken, () => setRemoteState('either'));
    setRemoteState('new-untested');
    const message = okta.dryRun
      ? 'Would set the token, and activate the connection.'
      : 'Set the token, and activated the connection.';
    return { value: undefined, message, ...planned };
  });

  await steps.run('read-back', async () => {
    if (okta.dryRun) return { value: undefined, message: 'Would read the connection back.', ...planned };
    if ((await connectionStatus(okta, app)) !== 'ENABLED') {
      await activate(okta, app);
      if ((await connectionStatus(okta, app)) !== 'ENABLED') {
        throw new BrokerError('E_READ_BACK', 'Okta took the token, but its connection stays disabled.', {
          help: 'Open the application’s Provisioning page, press Test API Credentials, and save.',
        });
      }
    }
    return { value: undefined, message: 'The connection is enabled.' };
  });
  setRemoteState('new');
  if (!okta.dryRun) await push.onSaved(app);
  return { okta, app };
}

async function findApp(okta: OktaClient, { app, rememberedApp }: OktaPush): Promise<OktaApp> {
  if (app !== null) return await requireApp(okta, app);
  const remembered = rememberedApp === null ? null : await appById(okta, rememberedApp);
  return remembered ?? (await searchApp(okta));
}
