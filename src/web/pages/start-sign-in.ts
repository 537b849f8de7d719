import type { Request, Response } from 'express';
import { appOrigin } from '../../config/settings.ts';
import { profileTitle } from '../../domain/profile.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { createSignInLink, type SignInRequest } from '../../vault/sign-in/start-sign-in.ts';
import type { WebContext } from '../context.ts';
import { field } from '../middleware/body.ts';

/** Starts a sign-in in this window, or shows the link that starts it in a private window, as chosen in the form. */
export async function startSignIn(
  { vault, render }: WebContext,
  request: Pick<Request, 'session' | 'body'>,
  response: Response,
  signIn: SignInRequest,
): Promise<void> {
  const { signInId, link } = await createSignInLink(vault, signIn);
  if (field(request.body, 'where') !== 'private') {
    // Not directly to Webex: `form-action` also applies to redirects of a form, and Webex may redirect to any identity
    // provider that the organization uses.
    response.redirect(303, `/sign-in/${link}`);
    return;
  }
  const existing = await findProfile(vault.db, signIn.profile);
  const isRenewal = existing !== null;
  render(
    request,
    response,
    'private-window',
    {
      link: `${appOrigin(vault.settings)}/sign-in/${link}`,
      waitUrl: `/sign-ins/${signInId}`,
      progressUrl: `/sign-ins/${signInId}/progress`,
      profile: signIn.profile,
      organization: existing === null ? (signIn.displayName ?? signIn.profile) : profileTitle(existing),
      isRenewal,
    },
    { title: 'Sign in using a private window', at: isRenewal ? 'overview' : 'sign-in', script: 'poll' },
  );
}
