import type { Request, Response } from 'express';
import { appOrigin } from '../config.ts';
import { beginSignIn, prepareSignIn, type SignInRequest } from '../vault/begin-sign-in.ts';
import type { WebContext } from './context.ts';
import { field } from './middleware/body.ts';
import { bindingOf } from './session.ts';

/** Begins a sign-in in this window, or hands out the link that begins it in a private one, as the form asks. */
export async function beginAsAsked(
  { vault, render }: WebContext,
  request: Pick<Request, 'session' | 'body'>,
  response: Response,
  signIn: SignInRequest,
): Promise<void> {
  const { profile } = signIn;
  if (field(request.body, 'where') === 'private') {
    const { signInId, link } = await prepareSignIn(vault, signIn);
    render(
      request,
      response,
      'private-window',
      {
        link: `${appOrigin(vault.settings)}/sign-in/${link}`,
        waitUrl: `/sign-ins/${signInId}`,
        progressUrl: `/sign-ins/${signInId}/progress`,
        profile,
      },
      { title: 'Sign in in a private window', at: 'sign-in', script: 'waiting' },
    );
    return;
  }
  const { authorizeUrl } = await beginSignIn(vault, signIn, await bindingOf(request));
  // A page rather than a redirect: `form-action` covers a form's redirects too, and Webex may lead on to any sign-in
  // service that the organization uses.
  render(
    request,
    response,
    'to-webex',
    { url: authorizeUrl, host: new URL(authorizeUrl).host, profile },
    { title: 'On to Webex', at: 'sign-in', refresh: { seconds: 0, url: authorizeUrl } },
  );
}
