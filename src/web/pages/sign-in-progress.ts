import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { type SignIn, signInById } from '../../store/access/sign-ins.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import type { WebContext } from '../context.ts';

/** `GET /sign-ins/:id`: the state of a sign-in in another window. */
export function signInStatus(context: WebContext): RequestHandler<{ id: string }> {
  const { vault, render } = context;
  return async (request, response) => {
    const signIn = await requireSignIn(context, request.params.id);
    if (signIn.tokenId !== null) {
      response.redirect(303, `/tokens/${signIn.tokenId}`);
      return;
    }
    const ended = endReasonOf(signIn, vault.now());
    if (ended !== null) {
      const renewed = (await findProfile(vault.db, signIn.profileName))?.name ?? null;
      const page = { ...ended, profile: renewed };
      render(request, response, 'sign-in-ended', page, {
        title: ended.title,
        at: renewed === null ? 'sign-in' : 'overview',
      });
      return;
    }
    const isRenewal = (await findProfile(vault.db, signIn.profileName)) !== null;
    const url = `/sign-ins/${signIn.id}`;
    render(
      request,
      response,
      'waiting',
      {
        title: 'Waiting for you to sign in',
        text: 'Sign in using the private window. This page updates automatically.',
        progressUrl: `${url}/progress`,
      },
      {
        title: 'Waiting for you to sign in',
        at: isRenewal ? 'overview' : 'sign-in',
        script: 'poll',
        refresh: { seconds: 3, url },
      },
    );
  };
}

/** `GET /sign-ins/:id/progress`: polled by the page that waits; `next` is null until the sign-in has ended. */
export function signInProgress(context: WebContext): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const signIn = await requireSignIn(context, request.params.id);
    const over = signIn.tokenId !== null || endReasonOf(signIn, context.vault.now()) !== null;
    response.json({ next: over ? `/sign-ins/${signIn.id}` : null });
  };
}

async function requireSignIn({ vault }: WebContext, id: string): Promise<SignIn> {
  const signIn = await signInById(vault.db, id);
  if (signIn !== null) return signIn;
  throw new BrokerError('E_NOT_FOUND', 'This sign-in does not exist, or it ended more than a day ago.', {
    help: 'Start a new one.',
  });
}

function endReasonOf(signIn: SignIn, now: number): { title: string; detail: string; help: string } | null {
  if (signIn.error !== null) {
    return { title: 'Webex did not issue a token', detail: signIn.error.message, help: '' };
  }
  if (signIn.consumedAt === null && signIn.expiresAt > now) return null;
  return {
    title: 'The sign-in timed out',
    detail: 'A sign-in must be finished within ten minutes.',
    help: 'Start a new one.',
  };
}
