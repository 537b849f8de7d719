import type { Request, RequestHandler, Response } from 'express';
import { profilesByName } from '../../store/profiles/profiles.ts';
import { titlesOf } from '../../store/profiles/titles.ts';
import { actorOf, type WebContext } from '../context.ts';
import { runTokenTest } from '../jobs/token-test-jobs.ts';
import type { TestsPage } from '../view-models/pages.ts';

/** How many tests run at the same time: few enough that Webex does not respond with 429. */
const parallel = 4;

/** How long a progress request waits. Milliseconds. */
const waitMs = 3_000;

/** Starts the tests of these profiles, some at a time, and redirects to their page. */
export async function startTests(
  context: WebContext,
  request: Request,
  response: Response,
  names: string[],
): Promise<void> {
  const { vault, tokenTests, log } = context;
  const known = [...(await profilesByName(vault.db, names)).keys()];
  request.session.tests = { profiles: known, startedAt: vault.now() };
  const waiting = [...known];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const profile = name;
      await tokenTests.start(profile, () => runTokenTest(vault, profile, actorOf(request)));
    }
  };
  void Promise.all(Array.from({ length: parallel }, work)).catch((error: unknown) =>
    log.error({ error: String(error) }, 'the tests of several tokens ended early'),
  );
  response.redirect(303, '/tests');
}

/** `GET /tests`: the results of the tests that were started last in this browser. */
export function testsPage(context: WebContext): RequestHandler {
  return async (request, response) => {
    const results = resultsOf(context, request);
    const titleOf = await titlesOf(
      context.vault.db,
      results.rows.map(({ profile }) => profile),
    );
    const rows = results.rows.map((row) => ({ ...row, title: titleOf(row.profile) }));
    const page: TestsPage = { ...results, rows };
    const isRunning = page.waiting > 0;
    context.render(request, response, 'tests', page, {
      title: isRunning ? 'Testing tokens' : 'Tests',
      at: 'overview',
      ...(isRunning && { script: 'poll', refresh: { seconds: 3, url: '/tests' } }),
    });
  };
}

/** `GET /tests/progress` */
export function testsProgress(context: WebContext): RequestHandler {
  return async (request, response) => {
    const [running] = resultsOf(context, request).rows.filter(
      ({ ok, message }) => ok === null && message === null,
    );
    if (running !== undefined) await context.tokenTests.finishesWithin(running.profile, waitMs);
    response.json({ next: resultsOf(context, request).waiting === 0 ? '/tests' : null });
  };
}

function resultsOf({ tokenTests }: WebContext, { session }: Pick<Request, 'session'>) {
  const { profiles, startedAt } = session.tests ?? { profiles: [], startedAt: 0 };
  const rows = profiles.map((profile) => {
    const outcome = tokenTests.result(profile);
    if (outcome === null || outcome.at < startedAt) return { profile, ok: null, message: null };
    const failed = outcome.result?.checks.filter(({ ok }) => ok === false) ?? [];
    const message = outcome.error?.message ?? failed[0]?.message ?? null;
    return { profile, ok: outcome.result?.ok ?? false, message };
  });
  return {
    rows,
    waiting: rows.filter(({ ok }) => ok === null).length,
    failed: rows.filter(({ ok }) => ok === false).length,
  };
}
