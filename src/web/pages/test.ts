import type { RequestHandler } from 'express';
import { profileTitle } from '../../domain/profile.ts';
import { pageHelp, remediesOf } from '../../errors/remedy.ts';
import { instant } from '../../text/instant.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import type { CheckId } from '../../vault/tokens/test-token.ts';
import { actorOf, type WebContext } from '../context.ts';
import { runTokenTest } from '../jobs/token-test-jobs.ts';

type ByName = RequestHandler<{ name: string }>;

/** The heading of each check. */
const titles: Record<CheckId, string> = {
  'token-accepted': 'Token accepted by Webex',
  organization: 'Right organization',
  'full-admin': 'Full administrator',
  'entra-test-connection': 'Entra ID Test Connection',
  'entra-test-groups': 'Entra ID Test Connection, groups',
  'okta-test-credentials': 'Okta Test API Credentials',
};

/** `POST /profiles/:name/test`: runs the checks that the providers would run. */
export function test({ vault, tokenTests }: WebContext): ByName {
  return async (request, response) => {
    const { name } = await requireProfile(vault, request.params.name);
    void tokenTests.start(name, () => runTokenTest(vault, name, actorOf(request)));
    response.redirect(303, `/profiles/${name}/test`);
  };
}

/** `GET /profiles/:name/test`: the result. */
export function testPage({ vault, tokenTests, render, waitMs }: WebContext): ByName {
  return async (request, response) => {
    const profile = await requireProfile(vault, request.params.name);
    const { name } = profile;
    const url = `/profiles/${name}/test`;
    if (!(await tokenTests.finishesWithin(name, waitMs))) {
      const title = 'Testing the token';
      const text = 'Running checks with Webex. This page updates automatically.';
      render(
        request,
        response,
        'waiting',
        { title, text, progressUrl: `${url}/progress` },
        { title, script: 'poll', refresh: { seconds: 2, url } },
      );
      return;
    }
    const latest = tokenTests.result(name);
    if (latest?.error) throw latest.error;
    render(
      request,
      response,
      'test',
      {
        profile: name,
        organization: profileTitle(profile),
        at: instant(latest?.at ?? null),
        ok: latest?.result?.ok ?? false,
        checks: (latest?.result?.checks ?? []).map((check) => ({
          ...check,
          title: titles[check.id],
          remedies: pageHelp(remediesOf(check.help)),
        })),
      },
      { title: `Test ${profileTitle(profile)}` },
    );
  };
}

/** `GET /profiles/:name/test/progress` */
export function testProgress({ tokenTests, waitMs }: WebContext): ByName {
  return async (request, response) => {
    const { name } = request.params;
    response.json({
      next: (await tokenTests.finishesWithin(name, waitMs)) ? `/profiles/${name}/test` : null,
    });
  };
}
