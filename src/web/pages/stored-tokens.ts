import type { RequestHandler } from 'express';
import { profileTitle } from '../../domain/profile.ts';
import { summarizeToken } from '../../domain/profile-summary.ts';
import { instant } from '../../text/instant.ts';
import { activateStoredToken, removeToken, requireTokenOf } from '../../vault/tokens/stored-tokens.ts';
import { actorOf, type WebContext } from '../context.ts';
import { setFlash } from '../session/flash.ts';
import type { StoredTokenPage } from '../view-models/pages.ts';

type ByToken = RequestHandler<{ name: string; tokenId: string }>;

const titles = { activate: 'Make this token current?', remove: 'Delete this token?' };

/** `GET /profiles/:name/tokens/:tokenId/activate` and `…/remove`: asks for confirmation. */
export function confirmPage({ vault, render }: WebContext, action: StoredTokenPage['action']): ByToken {
  return async (request, response) => {
    const { name, tokenId } = request.params;
    const { profile, token } = await requireTokenOf(vault, name, tokenId);
    const { idbroker } = vault.settings.webex[profile.deployment];
    render(
      request,
      response,
      'stored-token',
      {
        action,
        profile: name,
        organization: profileTitle(profile),
        token: summarizeToken(token),
        now: instant(vault.now()),
        tokensUrl: `${idbroker}/profile#/tokens`,
      },
      { title: titles[action] },
    );
  };
}

/** `POST /profiles/:name/tokens/:tokenId/activate` */
export function activate({ vault }: WebContext): ByToken {
  return async (request, response) => {
    const { name, tokenId } = request.params;
    await activateStoredToken(vault, name, tokenId, actorOf(request));
    setFlash(request, 'This token is now in use.');
    response.redirect(303, `/profiles/${name}`);
  };
}

/** `POST /profiles/:name/tokens/:tokenId/remove` */
export function removeOne({ vault }: WebContext): ByToken {
  return async (request, response) => {
    const { name, tokenId } = request.params;
    await removeToken(vault, name, tokenId, actorOf(request));
    setFlash(request, 'The token was deleted.');
    response.redirect(303, `/profiles/${name}`);
  };
}
