import type { Request, RequestHandler, Response } from 'express';
import { summarize } from '../../domain/profile-summary.ts';
import { listDestinations, recordManualUpdate, removeDestination } from '../../provisioning/destinations.ts';
import { entraSignInMethod } from '../../provisioning/entra/auth/sign-in-method.ts';
import { entraClouds, isEntraCloud } from '../../provisioning/entra/clouds.ts';
import { entraAlternative, entraGuide } from '../../provisioning/guide/entra-guide.ts';
import type { Guide, GuideProfile } from '../../provisioning/guide/guide.ts';
import { oktaGuide } from '../../provisioning/guide/okta-guide.ts';
import { providerNames } from '../../provisioning/record-push.ts';
import type { ProviderId } from '../../store/destinations.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { actorOf, type WebContext } from '../context.ts';
import type { PushTask } from '../jobs/push-jobs.ts';
import { field } from '../middleware/body.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import { expiryView } from '../view-models/expiry-view.ts';
import type { FieldError, ProviderPage } from '../view-models/pages.ts';

type ByName = RequestHandler<{ name: string }>;

const guides: Record<ProviderId, (profile: GuideProfile, given: Record<string, unknown>) => Guide> = {
  entra: entraGuide,
  okta: oktaGuide,
};

const appIds: Record<ProviderId, { pattern: RegExp; message: string; help: string }> = {
  entra: {
    pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    message: 'This is not the ID of an enterprise application.',
    help: 'Its Object ID and its Application ID stand on its Properties page.',
  },
  okta: {
    pattern: /^[A-Za-z0-9]{10,40}$/,
    message: 'This is not the ID of an Okta application.',
    help: 'It stands in the address of its page in the Admin Console, after /instance/.',
  },
};

/** `GET /profiles/:name/entra` and `/okta`: hands the token over, or guides a person who does it. The query has the guide's answers. */
export function providerPage(context: WebContext, tool: ProviderId): ByName {
  return async (request, response) => {
    await renderProvider(context, request, response, { tool, name: request.params.name });
  };
}

/** `POST /profiles/:name/entra/push`, `/okta/push` */
export function push(context: WebContext, tool: ProviderId): ByName {
  return async (request, response) => {
    const { name } = await requireProfile(context.vault, request.params.name);
    const app = field(request.body, 'app').trim().slice(0, 100);
    const { pattern, message, help } = appIds[tool];
    if (app !== '' && !pattern.test(app)) {
      const errors = [{ field: 'app', message, help }];
      await renderProvider(context, request, response, { tool, name, app, errors });
      return;
    }
    const errand = pushTaskOf(tool, app, request.body);
    const { id } = context.pushJobs.start(name, [errand], actorOf(request));
    response.redirect(303, `/push-jobs/${id}`);
  };
}

function pushTaskOf(tool: ProviderId, app: string, body: unknown): PushTask {
  // Without an application's ID it would be refused: the form that offers it sends both.
  const replaceOrganization = app !== '' && field(body, 'replace-organization') === 'yes';
  const named = app === '' ? {} : { app, replaceOrganization };
  if (tool === 'okta') return { tool, task: 'push', ...named };
  const cloud = field(body, 'cloud');
  return {
    tool,
    task: 'push',
    ...named,
    ...(isEntraCloud(cloud) && { cloud }),
    start: field(body, 'start') !== '',
  };
}

/** `POST /profiles/:name/entra/status`: how provisioning stands there, and how it is set up. */
export function checkStatus({ vault, pushJobs }: WebContext): ByName {
  return async (request, response) => {
    const { name } = await requireProfile(vault, request.params.name);
    const { id } = pushJobs.start(name, [{ tool: 'entra', task: 'look' }], actorOf(request));
    response.redirect(303, `/push-jobs/${id}`);
  };
}

/** `POST /profiles/:name/entra/updated`, `/okta/updated`: the person has pasted the current token there. */
export function markUpdated({ vault }: WebContext, tool: ProviderId): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const [known] = (await listDestinations(vault, name)).filter((destination) => destination.tool === tool);
    const destination = known && { appId: known.app, appName: known.appName, cloud: known.cloud };
    await recordManualUpdate(vault, name, { kind: tool, ...destination }, actorOf(request));
    setFlash(
      request,
      `Noted: ${providerNames[tool]} has the current token. After the next renewal you are reminded of it.`,
    );
    response.redirect(303, `/profiles/${name}/${tool}`);
  };
}

/** `POST /profiles/:name/entra/remove`, `/okta/remove` */
export function deleteDestination({ vault }: WebContext, tool: ProviderId): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const appId = field(request.body, 'app').slice(0, 200);
    await removeDestination(vault, name, { kind: tool, appId }, actorOf(request));
    setFlash(request, `Forgotten here. What ${providerNames[tool]} has is left as it is.`);
    response.redirect(303, `/profiles/${name}/${tool}`);
  };
}

async function renderProvider(
  { vault, render }: WebContext,
  request: Pick<Request, 'session' | 'query'>,
  response: Response,
  asked: { tool: ProviderId; name: string; app?: string; errors?: FieldError[] },
): Promise<void> {
  const { tool, name, errors = [] } = asked;
  const profile = await requireProfile(vault, name);
  const current = (await tokensOf(vault.db, profile.id)).find(({ state }) => state === 'current') ?? null;
  const summary = summarize(profile, current, vault.settings.webex[profile.deployment], vault.now());
  const destinations = (await listDestinations(vault, name)).filter(
    (destination) => destination.tool === tool,
  );
  const guide = guides[tool](
    {
      name,
      deployment: profile.deployment,
      orgId: profile.orgId,
      tenantUrl: summary.tenantUrl,
      account: summary.account,
      handedOverBefore: destinations.some(({ handedOverAt }) => handedOverAt !== null),
    },
    request.query,
  );
  const page: ProviderPage = {
    tool,
    providerName: providerNames[tool],
    summary,
    expiry: expiryView(summary.status, summary, vault.now()),
    destinations,
    guide,
    alternative: tool === 'entra' && guide.answers.task !== 'replace' ? entraAlternative : null,
    signIn: tool === 'entra' ? entraSignInMethod(vault.settings.entra) : oktaSignIn(vault.settings.okta),
    clouds: tool === 'entra' ? entraClouds.map((value) => ({ value, title: cloudTitles[value] })) : [],
    cloud: destinations.find(({ cloud }) => cloud !== null)?.cloud ?? 'global',
    app: asked.app ?? '',
    errors,
    notice: takeFlash(request),
  };
  render(request, response, 'provider', page, {
    title: `${errors.length > 0 ? 'Error: ' : ''}${providerNames[tool]} for ${name}`,
    status: errors.length > 0 ? 422 : 200,
  });
}

const cloudTitles: Record<(typeof entraClouds)[number], string> = {
  global: 'The usual one (GCC included)',
  'gcc-high': 'US Government: GCC High',
  dod: 'US Government: DoD',
  china: 'China (21Vianet)',
};

function oktaSignIn({
  orgUrl,
  token,
  clientId,
}: WebContext['vault']['settings']['okta']): ProviderPage['signIn'] {
  return orgUrl !== null && (token !== null || clientId !== null) ? 'settings' : 'missing';
}
