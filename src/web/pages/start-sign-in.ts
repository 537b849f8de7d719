import type { Request, Response } from 'express';
import { appOrigin } from '../../config/settings.ts';
import { createSignInLink, type SignInRequest } from '../../vault/sign-in/start-sign-in.ts';
import type { WebContext } from '../context.ts';
import { field } from '../middleware/body.ts';

/** Begins a sign-in in this window, or hands out the link that begins it in a private one, as the form asks. */
export async function startSignIn(
  { vault, render }: WebContext,
  request: Pick<Request, 'session' | 'body'>,
  response: Response,
  signIn: SignInRequest,
): Promise<void> {
  const { signInId, link } = await createSignInLink(vault, signIn);
  if (field(request.body, 'where') !== 'private') {
    // Not on to Webex at once: `form-action` covers a form's redirects too, and Webex may lead on to any sign-in
    // service that the organization uses.
    response.redirect(303, `/sign-in/${link}`);
    return;
  }
  render(
    request,
    response,
    'private-window',
    {
      link: `${appOrigin(vault.settings)}/sign-in/${link}`,
      waitUrl: `/sign-ins/${signInId}`,
      progressUrl: `/sign-ins/${signInId}/progress`,
      profile: signIn.profile,
    },
    { title: 'Sign in in a private window', at: 'sign-in', script: 'poll' },
  );
}
