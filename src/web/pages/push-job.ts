import type { Request, RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { AmbiguousAppError } from '../../provisioning/ambiguous-app.ts';
import { DestinationConflictError } from '../../provisioning/destination-conflict.ts';
import { listDestinations } from '../../provisioning/destinations.ts';
import { isEntraCloud } from '../../provisioning/entra/clouds.ts';
import { describeStatus } from '../../provisioning/entra/status/provisioning-status.ts';
import { ManualSetupRequiredError } from '../../provisioning/okta/manual-setup.ts';
import { providerNames } from '../../provisioning/record-push.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { actorOf, type WebContext } from '../context.ts';
import { remedyFor } from '../errors/remedies.ts';
import type { PushJob, PushTask, PushTaskState } from '../jobs/push-jobs.ts';
import type { PushTaskView } from '../view-models/pages.ts';

type ById = RequestHandler<{ id: string }>;

/** `POST /profiles/:name/hand-over`: the current token goes wherever one was handed over before. */
export function startPushJob({ vault, handOvers }: WebContext): RequestHandler<{ name: string }> {
  return async (request, response) => {
    const { name } = await requireProfile(vault, request.params.name);
    const places = (await listDestinations(vault, name)).filter(({ upToDate }) => !upToDate);
    const errands = places.filter(({ method }) => method === 'push').map(errandFor);
    if (errands.length === 0) {
      throw new BrokerError(
        'E_NO_DESTINATION',
        'There is no place that this program could hand it to by itself.',
        {
          help: 'The page of the profile says where the token is used, and leads to a guide for each.',
        },
      );
    }
    const { id } = handOvers.start(name, errands, actorOf(request));
    response.redirect(303, `/hand-overs/${id}`);
  };
}

function errandFor({
  tool,
  app,
  cloud,
}: {
  tool: PushTask['tool'];
  app: string;
  cloud: string | null;
}): PushTask {
  const named = app === '' ? {} : { app };
  if (tool === 'okta') return { tool, task: 'push', ...named };
  return { tool, task: 'push', ...named, ...(isEntraCloud(cloud) && { cloud }) };
}

/** `GET /hand-overs/:id`: how it goes, and what came of it. */
export function handOverPage(context: WebContext): ById {
  const { vault, render } = context;
  return async (request, response) => {
    const handOver = requireHandOver(context, request);
    const { id, profile, over, errands } = handOver;
    const failed = errands.some(({ state }) => state === 'failed');
    const looking = errands.every(({ errand }) => errand.task === 'look');
    const title = titleOf(handOver, looking, failed);
    const url = `/hand-overs/${id}`;
    render(
      request,
      response,
      'hand-over',
      {
        title,
        profile,
        over,
        failed,
        looking,
        url,
        stage: stageOf(handOver),
        errands: errands.map((errand) => viewOf(errand, vault.now())),
      },
      { title, ...(!over && { script: 'hand-over' as const, refresh: { seconds: 3, url } }) },
    );
  };
}

/** `GET /hand-overs/:id/progress`: for the page's script. Where the stage is another, it loads the page anew. */
export function handOverProgress(context: WebContext): ById {
  return (request, response) => {
    const handOver = requireHandOver(context, request);
    response.json({
      stage: stageOf(handOver),
      errands: handOver.errands.map(({ steps, waiting }) => ({
        steps: steps.map(({ status, message }) => ({ status, message: remedyFor(message) })),
        waiting,
      })),
    });
  };
}

/** `POST /hand-overs/:id/stop`: nobody is waited for any more. */
export function cancelPushJob(context: WebContext): ById {
  return (request, response) => {
    const { id } = requireHandOver(context, request);
    context.handOvers.stop(id);
    response.redirect(303, `/hand-overs/${id}`);
  };
}

function requireHandOver({ handOvers }: WebContext, request: Request<{ id: string }>): PushJob {
  const handOver = handOvers.find(request.params.id);
  if (handOver !== null) return handOver;
  throw new BrokerError('E_NOT_FOUND', 'There is no such hand-over, or the program was started anew since.', {
    help: 'The page of the profile says which places have its current token. Handing it over again does no harm.',
  });
}

/** What the page is made of changes with it; the steps in between are added by its script. */
function stageOf({ over, errands }: PushJob): string {
  return over
    ? 'over'
    : errands.map(({ state, deviceCode }) => `${state}${deviceCode ? '-code' : ''}`).join(' ');
}

function titleOf({ profile, over, errands }: PushJob, looking: boolean, failed: boolean): string {
  if (looking)
    return over && failed ? 'It could not be looked at' : `How provisioning of “${profile}” stands`;
  if (!over) return `Handing over the token of “${profile}”`;
  if (!failed) return 'The token is handed over';
  if (errands.some(({ error }) => error?.code === 'E_OKTA_MANUAL')) return 'Okta takes the token by hand';
  return errands.length === 1 ? 'The token was not handed over' : 'The token was not handed over everywhere';
}

function viewOf(state: PushTaskState, now: number): PushTaskView {
  const { errand, error } = state;
  const cause = error?.cause;
  const { deviceCode, watch } = state;
  return {
    tool: errand.tool,
    toolTitle: providerNames[errand.tool],
    cloud: errand.task === 'push' && errand.tool === 'entra' ? (errand.cloud ?? null) : null,
    state: state.state,
    appName: state.appName,
    steps: state.steps.map((step) => ({ ...step, message: remedyFor(step.message) })),
    waiting: state.waiting,
    deviceCode: deviceCode && {
      code: deviceCode.userCode,
      // A link that somebody else chose: only where it leads to a web page.
      url: /^https?:\/\//.test(deviceCode.verificationUri) ? deviceCode.verificationUri : null,
      minutes: Math.floor(deviceCode.expiresIn / 60),
    },
    failure: error && {
      message: error.code === 'E_AMBIGUOUS_APP' || error.code === 'E_OKTA_MANUAL' ? '' : error.message,
      // Its help names a command; the page has a form instead.
      help: error.code === 'E_OTHER_ORGANIZATION' ? null : remedyFor(error.help ?? null),
    },
    apps: cause instanceof AmbiguousAppError ? cause.apps : [],
    conflict: cause instanceof DestinationConflictError ? cause.app : null,
    byHand: cause instanceof ManualSetupRequiredError,
    watch: watch && describeStatus(watch, now),
    findings: state.findings,
  };
}
