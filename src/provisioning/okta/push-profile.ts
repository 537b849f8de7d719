import { destinationsOf, saveDestination } from '../../store/destinations.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { assertReplaceable, requireNamedApp } from '../destination-conflict.ts';
import { preparePush } from '../prepare-push.ts';
import type { PushContext } from '../push-context.ts';
import { auditFailedPush, recordPush } from '../record-push.ts';
import type { RequestPreview } from '../request-preview.ts';
import type { StepResult } from '../steps.ts';
import { OktaClient } from './client.ts';
import type { OktaApp } from './find-app.ts';
import { ManualSetupRequiredError, manualSetup } from './manual-setup.ts';
import { pushToOkta } from './push.ts';
import { signInToOkta } from './sign-in.ts';

export interface OktaPushOptions {
  /** The application's ID; else the remembered one, else searched. */
  app?: string | undefined;
  /** Takes the application although it has the token of another profile; needs `app`. */
  replaceOrganization?: boolean | undefined;
  dryRun?: boolean | undefined;
}

/** `push okta --json`. */
export interface OktaPushReport {
  ok: true;
  tool: 'okta';
  profile: string;
  dryRun: boolean;
  app: OktaApp;
  steps: StepResult[];
  requests: RequestPreview[];
}

/**
 * Hands a profile's current token to Okta, and remembers that. Throws `PushError`: `E_OKTA_MANUAL` (its `cause` an
 * `OktaByHandError`) where a person has to paste it; or what `tokenToHandOver` throws before anything is asked.
 */
export async function pushProfileToOkta(
  vault: Vault,
  name: string,
  actor: Actor,
  options: OktaPushOptions,
  ports: PushContext,
): Promise<OktaPushReport> {
  const dryRun = options.dryRun ?? false;
  const replaceOrganization = requireNamedApp(options);
  const { profile, token, accessToken, orgId } = await preparePush(vault, name, actor, dryRun);
  const [remembered] = (await destinationsOf(vault.db, profile.id)).filter(({ kind }) => kind === 'okta');
  const steps: StepResult[] = [];
  const requests: RequestPreview[] = [];
  const target = (app: OktaApp) => ({
    kind: 'okta' as const,
    appId: app.id,
    appName: app.name,
    cloud: null,
    steps,
  });
  try {
    const { app } = await pushToOkta({
      signIn: async () =>
        new OktaClient({
          session: await signInToOkta(vault.settings.okta, ports),
          now: vault.now,
          patience: ports.patience,
          secrets: dryRun ? [] : [accessToken],
          dryRun,
          onRequest: (request) => {
            requests.push(request);
            ports.onRequest(request);
          },
        }),
      accessToken,
      testCredentials: () => vault.webex[profile.deployment].oktaTestCredentials(accessToken, orgId),
      app: options.app ?? null,
      rememberedApp: remembered === undefined || remembered.appId === '' ? null : remembered.appId,
      assertReplaceable: (app) =>
        assertReplaceable(vault, profile, app, null, { tool: 'okta', tenantUrl: null, replaceOrganization }),
      onStep: (result) => {
        steps.push(result);
        ports.onStep(result);
      },
      onByHand: async (app) => {
        // Remembered all the same, so that a renewal says where the token has to be pasted.
        if (!dryRun)
          await saveDestination(vault.db, { ...target(app), profileId: profile.id, method: 'manual' });
        return new ManualSetupRequiredError(name, app, manualSetup(name, orgId, app));
      },
      onSaved: (app) =>
        recordPush(vault, profile, { ...target(app), method: 'push', tokenId: token.id }, actor),
    });
    return { ok: true, tool: 'okta', profile: name, dryRun, app, steps, requests };
  } catch (error) {
    if (!dryRun) await auditFailedPush(vault, profile, 'okta', error, actor);
    throw error;
  }
}
