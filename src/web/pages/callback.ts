import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Vault } from '../../vault/context.ts';
import { captureRedirect, profileToRenew } from '../../vault/sign-in/capture-redirect.ts';
import { verifyToken } from '../../vault/tokens/verify-token.ts';
import { explainError } from '../../webex/sign-in/oauth-errors.ts';
import { actorOf, type WebContext } from '../context.ts';
import { sendProblem, toProblem } from '../errors/error-handler.ts';
import { field } from '../middleware/body.ts';
import { saveSession } from '../session/session.ts';

/**
 * `GET /auth/code`: where Webex redirects the browser. The page is the same for everyone. Its script posts the fragment,
 * which browsers do not send. An error in the query is rendered here, so that it also appears without JavaScript.
 */
export function capturePage({ render }: WebContext): RequestHandler {
  return (request, response) => {
    response.set('Referrer-Policy', 'no-referrer');
    const { error, error_description: description } = request.query;
    const explained =
      typeof error === 'string' && error !== ''
        ? explainError(error, typeof description === 'string' ? description : null)
        : null;
    render(
      request,
      response,
      'capture',
      { error: explained },
      { title: explained === null ? 'Saving your token' : 'Webex did not issue a token', script: 'capture' },
    );
  };
}

/** How many captured tokens a session remembers. */
const maxRememberedTokens = 20;

/** `POST /auth/code`: responds once the token is stored durably. It is then verified in the background. */
export function captureToken({ vault, verifications, log }: WebContext): RequestHandler {
  return async (request, response) => {
    const { session } = request;
    try {
      const actor = actorOf(request);
      const fragment = field(request.body, 'fragment');
      const { tokenId } = await captureRedirect(vault, fragment, session.binding ?? null, actor);
      void verifications.start(tokenId, () => verifyToken(vault, tokenId, actor));
      session.captured = [...(session.captured ?? []), tokenId].slice(-maxRememberedTokens);
      await saveSession(request);
      response.json({ next: `/tokens/${tokenId}` });
    } catch (error) {
      const failure = toProblem(error);
      if (failure.status >= 500) log.error(toSafeError(error), 'a capture failed');
      const used = error instanceof BrokerError && error.code === 'E_STATE_USED';
      const last = session.captured?.at(-1);
      sendProblem(response, failure, {
        ...(used && last !== undefined && { next: `/tokens/${last}` }),
        ...(session.authenticated === true && (await startOver(vault, request.body))),
      });
    }
  };
}

/** Where an authenticated browser starts over: the form that renews the sign-in's profile, or the form that adds one. */
async function startOver(vault: Vault, body: unknown): Promise<{ renew: string } | { startOver: string }> {
  const profile = await profileToRenew(vault, field(body, 'fragment')).catch(() => null);
  return profile === null ? { startOver: '/sign-in' } : { renew: `/profiles/${profile}/sign-in` };
}
