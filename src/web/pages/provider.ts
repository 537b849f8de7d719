import type { Request, RequestHandler, Response } from 'express';
import { issuerOf, relayTenantUrl, tokenPath } from '../../config/issuer.ts';
import { profileTitle } from '../../domain/profile.ts';
import { summarize } from '../../domain/profile-summary.ts';
import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { currentOf } from '../../domain/token.ts';
import { listDestinations, recordManualUpdate, removeDestination } from '../../provisioning/destinations.ts';
import { entraSignInMethod } from '../../provisioning/entra/auth/sign-in-method.ts';
import { entraClouds, isEntraCloud } from '../../provisioning/entra/clouds.ts';
import { entraAlternative, entraGuide } from '../../provisioning/guide/entra-guide.ts';
import { type Guide, type GuideProfile, stepKey } from '../../provisioning/guide/guide.ts';
import { oktaGuide } from '../../provisioning/guide/okta-guide.ts';
import { requirementsOf, waysOf } from '../../provisioning/guide/ways.ts';
import { addressWarnings } from '../../provisioning/push/address-warnings.ts';
import { offerAccess } from '../../provisioning/push/offer-access.ts';
import { guideStepsDone, markGuideStep, unmarkGuideStep } from '../../store/profiles/guide-steps.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { actorOf, type WebContext } from '../context.ts';
import { invalidField } from '../forms/form-errors.ts';
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
    help: 'Find the Object ID or Application ID on the application’s Properties page.',
  },
  okta: {
    pattern: /^[A-Za-z0-9]{10,40}$/,
    message: 'This is not the ID of an Okta application.',
    help: 'Find the ID in the address of the application’s page in the Admin Console, after /instance/.',
  },
};

/**
 * `GET /profiles/:name/entra` and `/okta`: connects the provider automatically, or shows the guide for doing it manually.
 * The query contains the answers to the guide's questions.
 */
export function providerPage(context: WebContext, provider: ProviderId): ByName {
  return async (request, response) => {
    await renderProvider(context, request, response, { provider, name: request.params.name });
  };
}

/** `POST /profiles/:name/entra/push`, `/okta/push` */
export function push(context: WebContext, provider: ProviderId): ByName {
  return async (request, response) => {
    const { name } = await requireProfile(context.vault, request.params.name);
    const app = field(request.body, 'app').trim().slice(0, 100);
    const { pattern, message, help } = appIds[provider];
    if (app !== '' && !pattern.test(app)) {
      const errors = [invalidField('app', message, help)];
      await renderProvider(context, request, response, { provider, name, app, errors });
      return;
    }
    const task = pushTaskOf(provider, app, request.body);
    const { id } = context.pushJobs.start(name, [task], actorOf(request));
    response.redirect(303, `/push-jobs/${id}`);
  };
}

function pushTaskOf(provider: ProviderId, app: string, body: unknown): PushTask {
  // Only the form that offers this sends it, together with the ID of the application.
  const replaceOrganization = app !== '' && field(body, 'replace-organization') === 'yes';
  const named = app === '' ? {} : { app, replaceOrganization };
  const way = field(body, 'via');
  const via = waysOf(provider).find((each) => each.via === way)?.via;
  if (provider === 'okta') return { provider, action: 'push', via, ...named };
  const cloud = field(body, 'cloud');
  return {
    provider,
    action: 'push',
    via,
    ...named,
    ...(isEntraCloud(cloud) && { cloud }),
    start: field(body, 'start') !== '',
  };
}

/**
 * `POST /profiles/:name/entra/offer`, `/okta/offer`: registers the API client for an application that a person sets up
 * manually, or creates a new secret for it. Shows the secret once, with the values to enter.
 */
export function offer({ vault, render }: WebContext, provider: ProviderId): ByName {
  return async (request, response) => {
    const profile = await requireProfile(vault, request.params.name);
    const { name } = profile;
    const via = field(request.body, 'via') === 'oauth' && provider === 'entra' ? 'oauth' : 'relay';
    const id = field(request.body, 'app').trim().slice(0, 100);
    const known = (await listDestinations(vault, name)).find(
      (each) => each.provider === provider && each.app === id,
    );
    const app = {
      id: appIds[provider].pattern.test(id) ? id : '',
      name: known?.appName ?? (provider === 'okta' ? 'Webex (SCIM)' : 'Cisco Webex'),
    };
    const { client, secret, setup } = await offerAccess(
      vault,
      name,
      { provider, via, app },
      actorOf(request),
    );
    const providerName = providerTitle(provider);
    const title = `Enter these values in ${providerName}`;
    const organization = profileTitle(profile);
    const page = {
      profile: name,
      organization,
      provider,
      providerName,
      title,
      client: client.name,
      secret,
      setup,
    };
    render(request, response, 'offered-access', page, { title, script: 'auto-hide-secret' });
  };
}

/** `POST /profiles/:name/entra/status`: checks the provisioning status and reviews the setup. */
export function checkStatus({ vault, pushJobs }: WebContext): ByName {
  return async (request, response) => {
    const { name } = await requireProfile(vault, request.params.name);
    const { id } = pushJobs.start(name, [{ provider: 'entra', action: 'check-status' }], actorOf(request));
    response.redirect(303, `/push-jobs/${id}`);
  };
}

/** `POST /profiles/:name/entra/updated`, `/okta/updated`: records that a person has pasted the current token there. */
export function markUpdated({ vault }: WebContext, provider: ProviderId): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const [known] = (await listDestinations(vault, name)).filter(
      (destination) => destination.provider === provider,
    );
    const destination = known && { appId: known.app, appName: known.appName, cloud: known.cloud };
    await recordManualUpdate(vault, name, { provider, ...destination }, actorOf(request));
    setFlash(
      request,
      `Marked as updated. You will be reminded to update ${providerTitle(provider)} after the next renewal.`,
    );
    response.redirect(303, `/profiles/${name}/${provider}`);
  };
}

/** `POST /profiles/:name/entra/remove`, `/okta/remove` */
export function deleteDestination({ vault }: WebContext, provider: ProviderId): ByName {
  return async (request, response) => {
    const { name } = request.params;
    const appId = field(request.body, 'app').slice(0, 200);
    await removeDestination(vault, name, { provider, appId }, actorOf(request));
    setFlash(request, `Removed. The settings in ${providerTitle(provider)} are unchanged.`);
    response.redirect(303, `/profiles/${name}/${provider}`);
  };
}

/** `POST /profiles/:name/entra/steps`, `/okta/steps`: marks a step of the guide as done, or as not done. */
export function markStep(context: WebContext, provider: ProviderId): ByName {
  return async (request, response) => {
    const { vault } = context;
    const { profile, guide } = await guideOf(context, provider, request.params.name, request.body);
    const done = field(request.body, 'done');
    const step = done === '' ? field(request.body, 'undone') : done;
    const keys = guide.sections.flatMap((section) => section.steps.map((each) => stepKey(section, each)));
    const known = keys.includes(step);
    const key = { profileId: profile.id, provider, step };
    if (known && done !== '') await markGuideStep(vault.db, key, vault.now());
    else if (known) await unmarkGuideStep(vault.db, key);
    const answers = new URLSearchParams(guide.answers);
    const at = known ? `step-${step.replace('/', '-')}` : 'guide';
    response.redirect(303, `/profiles/${profile.name}/${provider}?${answers}#${at}`);
  };
}

/** The guide of a profile for the answers in a query or a form, with the data it was made from. */
async function guideOf({ vault }: WebContext, provider: ProviderId, name: string, given: unknown) {
  const profile = await requireProfile(vault, name);
  const current = currentOf(await tokensOf(vault.db, profile.id));
  const summary = summarize(profile, current, vault.settings.webex[profile.deployment], vault.now());
  const destinations = (await listDestinations(vault, name)).filter(
    (destination) => destination.provider === provider,
  );
  const issuer = issuerOf(vault.settings);
  const warnings = addressWarnings(issuer, providerTitle(provider));
  // The first choice has to work: a server that only this computer can reach cannot serve as a relay.
  const way = destinations[0]?.via ?? (warnings.length === 0 ? 'relay' : 'token');
  const guide = guides[provider](
    {
      name,
      deployment: profile.deployment,
      orgId: profile.orgId,
      tenantUrl: summary.tenantUrl,
      relayUrl: relayTenantUrl(issuer, name),
      tokenEndpoint: `${issuer}${tokenPath}`,
      account: summary.account,
      via: way,
      oktaOrgUrl: vault.settings.okta.orgUrl,
      installedBefore: destinations.some(({ installedAt }) => installedAt !== null),
    },
    (given ?? {}) as Record<string, unknown>,
  );
  return { profile, current, summary, destinations, warnings, way, guide };
}

/** The steps marked as done. For a token replacement, only marks made since the current token was captured count. */
async function doneSteps(
  { vault }: WebContext,
  { profile, current, destinations, guide }: Awaited<ReturnType<typeof guideOf>>,
): Promise<string[]> {
  const marked = await guideStepsDone(vault.db, profile.id, guide.provider);
  const since = guide.answers.task === 'replace' ? (current?.capturedAt ?? 0) : 0;
  const isUpdated = destinations.length > 0 && destinations.every(({ upToDate }) => upToDate);
  return guide.sections.flatMap((section) =>
    section.steps
      .filter(
        (step) => (step.id === 'tell' && isUpdated) || (marked.get(stepKey(section, step)) ?? -1) >= since,
      )
      .map((step) => stepKey(section, step)),
  );
}

/** Whether a person has chosen which steps they need. */
function isAnswered({ questions }: Guide, query: Request['query']): boolean {
  return questions.some(({ id }) => query[id] !== undefined);
}

async function renderProvider(
  context: WebContext,
  request: Pick<Request, 'session' | 'query'>,
  response: Response,
  asked: { provider: ProviderId; name: string; app?: string; errors?: FieldError[] },
): Promise<void> {
  const { vault, render } = context;
  const { provider, name, errors = [] } = asked;
  const found = await guideOf(context, provider, name, request.query);
  const { profile, summary, destinations, warnings, way, guide } = found;
  const done = await doneSteps(context, found);
  const page: ProviderPage = {
    provider,
    providerName: providerTitle(provider),
    summary,
    title: profileTitle(profile),
    expiry: expiryView(summary.status, summary, vault.now()),
    destinations,
    guide,
    doneSteps: done,
    started: done.length > 0 || guide.answers.task === 'replace' || isAnswered(guide, request.query),
    ways: waysOf(provider),
    way,
    requirements: requirementsOf(provider),
    addressWarnings: warnings,
    alternative: provider === 'entra' && guide.answers.task !== 'replace' ? entraAlternative : null,
    signIn: provider === 'entra' ? entraSignInMethod(vault.settings.entra) : oktaSignIn(vault.settings.okta),
    clouds: provider === 'entra' ? entraClouds.map((value) => ({ value, title: cloudTitles[value] })) : [],
    cloud: destinations.find(({ cloud }) => cloud !== null)?.cloud ?? 'global',
    app: asked.app ?? '',
    errors,
    notice: takeFlash(request),
  };
  render(request, response, 'provider', page, {
    title: `${errors.length > 0 ? 'Error: ' : ''}${providerTitle(provider)} for ${page.title}`,
    wide: true,
    status: errors.length > 0 ? 422 : 200,
  });
}

const cloudTitles: Record<(typeof entraClouds)[number], string> = {
  global: 'Global (including GCC)',
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
