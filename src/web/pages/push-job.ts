import type { Request, RequestHandler } from 'express';
import { profileTitle } from '../../domain/profile.ts';
import { providerTitle } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { pageHelp } from '../../errors/remedy.ts';
import { listDestinations } from '../../provisioning/destinations.ts';
import { isEntraCloud } from '../../provisioning/entra/clouds.ts';
import { describeStatus } from '../../provisioning/entra/status/provisioning-status.ts';
import { AmbiguousAppError } from '../../provisioning/push/ambiguous-app.ts';
import { DestinationConflictError } from '../../provisioning/push/destination-conflict.ts';
import { ManualSetupRequiredError } from '../../provisioning/push/manual-setup.ts';
import type { StepResult } from '../../provisioning/push/push-context.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { actorOf, type WebContext } from '../context.ts';
import type { PushJob, PushTask, PushTaskState } from '../jobs/push-jobs.ts';
import type { PushTaskView } from '../view-models/pages.ts';
import { campaignStep } from '../view-models/renewals-view.ts';

type ById = RequestHandler<{ id: string }>;

/** `POST /profiles/:name/push-jobs`: sends the current token to every outdated destination that is updated automatically. */
export function startPushJob({ vault, pushJobs }: WebContext): RequestHandler<{ name: string }> {
  return async (request, response) => {
    const { name } = await requireProfile(vault, request.params.name);
    const destinations = (await listDestinations(vault, name)).filter(({ upToDate }) => !upToDate);
    const tasks = destinations.filter(({ method }) => method === 'push').map(pushTaskFor);
    if (tasks.length === 0) {
      throw new BrokerError('E_NO_DESTINATION', 'No destination can be updated automatically.', {
        help: 'The page of the organization lists its destinations, with a guide for each.',
      });
    }
    const { id } = pushJobs.start(name, tasks, actorOf(request));
    response.redirect(303, `/push-jobs/${id}`);
  };
}

function pushTaskFor({
  provider,
  app,
  cloud,
}: {
  provider: PushTask['provider'];
  app: string;
  cloud: string | null;
}): PushTask {
  const named = app === '' ? {} : { app };
  if (provider === 'okta') return { provider, action: 'push', ...named };
  return { provider, action: 'push', ...named, ...(isEntraCloud(cloud) && { cloud }) };
}

/** `GET /push-jobs/:id`: the progress and the result. */
export function pushJobPage(context: WebContext): ById {
  const { vault, render } = context;
  return async (request, response) => {
    const pushJob = requirePushJob(context, request);
    const { id, profile, tasks } = pushJob;
    // It may have been removed or renamed since.
    const found = await findProfile(vault.db, profile);
    // The job may end while this waits: what the page says of it is read after that.
    const { over } = pushJob;
    const failed = tasks.some(({ state }) => state === 'failed');
    const statusOnly = tasks.every(({ task }) => task.action === 'check-status');
    const organization = found === null ? profile : profileTitle(found);
    const title = titleOf(pushJob, organization, statusOnly, failed);
    const url = `/push-jobs/${id}`;
    render(
      request,
      response,
      'push-job',
      {
        title,
        profile,
        organization,
        campaign: over && !statusOnly && found !== null ? await campaignStep(vault, found.id) : null,
        over,
        failed,
        statusOnly,
        url,
        stage: stageOf(pushJob),
        tasks: tasks.map((task) => viewOf(task, vault.now())),
      },
      { title, ...(!over && { script: 'push-progress' as const, refresh: { seconds: 3, url } }) },
    );
  };
}

/** `GET /push-jobs/:id/progress`: polled by the script of the page, which reloads the page when the stage changes. */
export function pushJobProgress(context: WebContext): ById {
  return (request, response) => {
    const pushJob = requirePushJob(context, request);
    response.json({
      stage: stageOf(pushJob),
      tasks: pushJob.tasks.map(({ steps, waiting }) => ({
        steps: steps.map(({ status, message }) => ({ status, message })),
        waiting,
      })),
    });
  };
}

/** `POST /push-jobs/:id/stop`: stops waiting for a person to sign in. */
export function cancelPushJob(context: WebContext): ById {
  return async (request, response) => {
    const { id } = requirePushJob(context, request);
    await context.pushJobs.stop(id);
    response.redirect(303, `/push-jobs/${id}`);
  };
}

function requirePushJob({ pushJobs }: WebContext, request: Request<{ id: string }>): PushJob {
  const pushJob = pushJobs.find(request.params.id);
  if (pushJob !== null) return pushJob;
  throw new BrokerError('E_NOT_FOUND', 'This push job does not exist, or the server was restarted since.', {
    help: 'The page of the organization shows which destinations have its current token. Sending the token again is safe.',
  });
}

/** A value that changes when the page gets other sections. Between such changes, the page's script only adds steps. */
function stageOf({ over, tasks }: PushJob): string {
  return over
    ? 'over'
    : tasks.map(({ state, deviceCode }) => `${state}${deviceCode ? '-code' : ''}`).join(' ');
}

function titleOf(
  { over, tasks }: PushJob,
  organization: string,
  statusOnly: boolean,
  failed: boolean,
): string {
  if (statusOnly)
    return over && failed ? 'The status could not be checked' : `Provisioning status for “${organization}”`;
  const sends = tasks.every(({ task }) => task.action === 'push' && (task.via ?? 'token') === 'token');
  if (!over) return sends ? `Sending the token for “${organization}”` : `Connecting “${organization}”`;
  const connects = tasks.some(({ task }) => task.action === 'push' && (task.via ?? 'token') !== 'token');
  const [first] = tasks;
  if (!failed && connects) return `${providerTitle(first?.task.provider ?? 'entra')} is connected`;
  if (!failed) return 'Token sent';
  if (tasks.some(({ error }) => error?.code === 'E_CANCELED')) return 'Canceled';
  if (tasks.some(({ error }) => error?.cause instanceof AmbiguousAppError)) return 'Choose an application';
  const manual = tasks.find(({ error }) => error?.cause instanceof ManualSetupRequiredError);
  if (manual !== undefined) return `${providerTitle(manual.task.provider)} needs a manual step`;
  if (connects) return 'The application was not connected';
  return tasks.length === 1 ? 'The token was not sent' : 'The token was not sent to every destination';
}

/** Drops the last step if it repeats the error message, which the page shows together with its remedies. */
function withoutRepeated(steps: StepResult[], message: string): StepResult[] {
  const last = steps.at(-1);
  const isRepeated =
    last !== undefined && ['failed', 'skipped'].includes(last.status) && message.startsWith(last.message);
  return isRepeated ? steps.slice(0, -1) : steps;
}

function viewOf(state: PushTaskState, now: number): PushTaskView {
  const { task, error } = state;
  const cause = error?.cause;
  const { deviceCode, status } = state;
  return {
    provider: task.provider,
    providerName: providerTitle(task.provider),
    cloud: task.action === 'push' && task.provider === 'entra' ? (task.cloud ?? null) : null,
    state: state.state,
    appName: state.appName,
    steps: error === null ? state.steps : withoutRepeated(state.steps, error.message),
    waiting: state.waiting,
    deviceCode: deviceCode && {
      code: deviceCode.userCode,
      // The URL comes from another server: it is shown only if it leads to a web page.
      url: /^https?:\/\//.test(deviceCode.verificationUri) ? deviceCode.verificationUri : null,
      minutes: Math.floor(deviceCode.expiresIn / 60),
    },
    failure: error && {
      message:
        error.code === 'E_AMBIGUOUS_APP' || cause instanceof ManualSetupRequiredError ? '' : error.message,
      // Instead of the remedies, the page has a form that does the same.
      remedies: error.code === 'E_OTHER_ORGANIZATION' ? [] : pageHelp(error.remedies),
    },
    apps: cause instanceof AmbiguousAppError ? cause.apps : [],
    conflict: cause instanceof DestinationConflictError ? cause.app : null,
    canceled: error?.code === 'E_CANCELED',
    via: task.action === 'push' ? (task.via ?? 'token') : 'token',
    warnings: state.warnings,
    manualSetup:
      cause instanceof ManualSetupRequiredError
        ? { via: cause.via, app: cause.app.id, reason: cause.message }
        : null,
    status: status && describeStatus(status, now),
    findings: state.findings,
  };
}
